// WeChat's message push as WeChat sends it, signed and encrypted here: the server's own code has no
// part in it.
import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { APP } from './lib.mjs';

export const TOKEN = 'CallbackToken1';
export const AES_KEY = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG';

export const now = () => Math.floor(Date.now() / 1000);

export function sign(...parts) {
  return createHash('sha1').update(parts.sort().join('')).digest('hex');
}

export function encrypt(message, { app = APP, aesKey = AES_KEY } = {}) {
  const key = Buffer.from(`${aesKey}=`, 'base64');
  const text = Buffer.from(message);
  const size = Buffer.alloc(4);
  size.writeUInt32BE(text.length);
  const plain = Buffer.concat([randomBytes(16), size, text, Buffer.from(app)]);
  const pad = 32 - (plain.length % 32);
  const cipher = createCipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false);

  return Buffer.concat([
    cipher.update(Buffer.concat([plain, Buffer.alloc(pad, pad)])),
    cipher.final(),
  ]).toString('base64');
}

// --- events ---

const cdata = (text) => `<![CDATA[${text}]]>`;
const wrappers = {
  subscribe_msg_popup_event: 'SubscribeMsgPopupEvent',
  subscribe_msg_change_event: 'SubscribeMsgChangeEvent',
  subscribe_msg_sent_event: 'SubscribeMsgSentEvent',
};

const tags = (item) =>
  Object.entries(item)
    .map(([name, value]) => `<${name}>${typeof value === 'number' ? value : cdata(value)}</${name}>`)
    .join('');

// The members that every event has.
export function event(name, user, list, created = now()) {
  return { ToUserName: 'gh_97417a04a28d', FromUserName: user, CreateTime: created,
    MsgType: 'event', Event: name, List: list };
}

export function popup(user, answers, created) {
  const list = Object.entries(answers).map(([TemplateId, SubscribeStatusString]) => ({
    TemplateId, SubscribeStatusString, PopupScene: '0',
  }));
  return event('subscribe_msg_popup_event', user, list.length === 1 ? list[0] : list, created);
}

export function change(user, template, created) {
  return event('subscribe_msg_change_event', user,
    { TemplateId: template, SubscribeStatusString: 'reject' }, created);
}

export function sent(user, template, msgid, { code = '0', created } = {}) {
  const item = { TemplateId: template, ErrorCode: code,
    ErrorStatus: code === '0' ? 'success' : 'failed' };
  if (msgid) item.MsgID = String(msgid);
  return event('subscribe_msg_sent_event', user, item, created);
}

// Without the outer element, for compatible mode.
function innerXml({ List, ...head }) {
  const items = List === undefined ? [] : [List].flat();
  const wrapper = wrappers[head.Event];
  const list = items.map((item) => `<List>${tags(item)}</List>`).join('');

  return tags(head) + (wrapper ? `<${wrapper}>${list}</${wrapper}>` : '');
}

export function text(message, format) {
  return format === 'xml' ? `<xml>${innerXml(message)}</xml>` : JSON.stringify(message);
}

// --- requests ---

function query(fields) {
  return `?${new URLSearchParams(fields)}`;
}

// What WeChat posts in that mode and format: the query and the body. `change` may spoil its parts.
export function letter(message, mode, format, options = {}) {
  const { token = TOKEN, timestamp = String(now()), nonce = '415670741', openid } = options;
  const plain = text(message, format);
  const fields = { signature: sign(token, timestamp, nonce), timestamp, nonce };

  if (openid) fields.openid = openid;
  if (mode === 'plain') return { query: query(fields), body: plain };
  const wrapped = options.encrypted ?? encrypt(plain, options);
  fields.encrypt_type = 'aes';
  fields.msg_signature = sign(token, timestamp, nonce, wrapped);
  if (mode === 'safe') {
    const body = format === 'xml'
      ? `<xml><ToUserName>${cdata(message.ToUserName)}</ToUserName>` +
        `<Encrypt>${cdata(wrapped)}</Encrypt></xml>`
      : JSON.stringify({ ToUserName: message.ToUserName, Encrypt: wrapped });
    return { query: query(fields), body };
  }
  const body = format === 'xml'
    ? `<xml>${innerXml(message)}<Encrypt>${cdata(wrapped)}</Encrypt></xml>`
    : JSON.stringify({ ...message, Encrypt: wrapped });
  return { query: query(fields), body };
}

// Posts it; the type is what WeChat puts on it.
export function post(world, { query: fields, body }, format = 'json', app = APP) {
  return world.call('POST', `/callback/${app}${fields}`, body, {
    key: null,
    raw: true,
    headers: { 'content-type': format === 'xml' ? 'text/xml' : 'application/json' },
  });
}

export async function push(world, message, mode = 'plain', format = 'json', options = {}) {
  return post(world, letter(message, mode, format, options), format);
}
