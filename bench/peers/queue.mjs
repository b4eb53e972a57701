// queue.mjs - the way of the Node world: BullMQ on a Redis that syncs every write, undici, 64 jobs at once.
//
//   node bench/peers/queue.mjs PORT SIMULATOR APPID SECRET TEMPLATE < "USER FORM_ID" lines
//
// Prints how many microseconds it took from the first job handed over to the last one done.
import { readFileSync } from 'node:fs';
import { Queue, Worker } from 'bullmq';
import { Agent, request, setGlobalDispatcher } from 'undici';

const [port, url, appid, secret, template] = process.argv.slice(2);
const connection = { host: '127.0.0.1', port: Number(port) };
const users = readFileSync(0, 'utf8').trim().split('\n').map((line) => line.split(' '));
setGlobalDispatcher(new Agent({ connections: 64 }));

const post = async (path, body) => {
  const answer = await request(url + path, { method: 'POST', body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' } });
  return answer.body.json();
};

const queue = new Queue('messages', { connection });
await queue.waitUntilReady();
const begin = process.hrtime.bigint();
const { access_token: token } = await post('/cgi-bin/stable_token',
  { grant_type: 'client_credential', appid, secret });
let left = users.length;
const over = new Promise((resolve) => {
  const worker = new Worker('messages', async ({ data: [user, form] }) => {
    const reply = await post(`/cgi-bin/message/wxopen/template/send?access_token=${token}`,
      { touser: user, template_id: template, form_id: form, data: { keyword1: { value: user } } });
    if (reply.errcode !== 0) throw new Error(JSON.stringify(reply));
    return reply;
  }, { connection, concurrency: 64 });
  const one = () => { if (--left === 0) resolve(worker); };
  worker.on('completed', one).on('failed', one);
});
for (let i = 0; i < users.length; i += 100)
  await queue.addBulk(users.slice(i, i + 100).map((data) => ({ name: 'send', data })));
const worker = await over;
console.log(String((process.hrtime.bigint() - begin) / 1000n));
await worker.close();
await queue.close();
process.exit(0); // undici keeps its connections
