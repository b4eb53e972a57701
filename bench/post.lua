-- post.lua - for wrk: posts one message after the other, each to another user.
--
--   wrk ... -s post.lua URL -- TEMPLATE [FILE | apps=N | array=N]
--
-- FILE has a user a line, more of them than there will be requests. Without it the users are
-- made up, and the messages are for tomorrow: accepted, and not sent. apps=N: of N apps in turn. array=N: N of them
-- a request.
local template, users, tomorrow
local apps, array = 1, nil
local n = 0

function init(args)
  template = args[1]
  tomorrow = os.time() + 86400
  apps = tonumber((args[2] or ""):match("^apps=(%d+)$")) or 1
  array = tonumber((args[2] or ""):match("^array=(%d+)$"))
  if args[2] and apps == 1 and not array then
    users = {}
    for line in io.lines(args[2]) do users[#users + 1] = line end
  end
  wrk.method = "POST"
  wrk.headers["content-type"] = "application/json"
  wrk.headers["authorization"] = "Bearer a key that only this bench uses"
end

local function body(user, when)
  return string.format(
    '{"app":"wx%016d","user":"%s","template":"%s","page":"pages/order/show?id=%d",'
      .. '"data":{"keyword1":"2026-11-22 12:00","keyword2":"Two cups of tea, one without sugar",'
      .. '"keyword3":"No. %d"},"tag":"bench"%s}', n % apps + 1, user, template, n, n, when)
end

-- Always the same: writing a new one would take longer than what is measured.
local function whole_array()
  local bodies = {}
  for i = 1, array do bodies[i] = body(string.format("o%027d", i), "") end
  return "[" .. table.concat(bodies, ",") .. "]"
end

function request()
  n = n + 1
  if array then
    wrk.body = wrk.body or whole_array()
    return wrk.format()
  end
  if users then
    return wrk.format(nil, nil, nil, body(users[math.min(n, #users)], ""))
  end
  return wrk.format(nil, nil, nil,
    body(string.format("o%027d", n), string.format(',"send_at":%d', tomorrow)))
end

function done(summary, latency)
  io.write(string.format('{"requests":%d,"us":%d,"errors":%d,"p50_us":%d,"p99_us":%d}\n',
    summary.requests, summary.duration, summary.errors.status + summary.errors.read
      + summary.errors.write + summary.errors.timeout, latency:percentile(50), latency:percentile(99)))
end
