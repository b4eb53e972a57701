// Between the server and the simulator: passes HTTP requests on, one at a time a connection, and
// spoils the exchange on the wire for those whose body holds a marker it was told of.
import http from 'node:http';
import net from 'node:net';
import { sleep } from './http.mjs';

const emptyLine = '\r\n\r\n';

const okHead = (...lines) => ['HTTP/1.1 200 OK', ...lines].join('\r\n') + emptyLine;

/**
 * What can become of an exchange: `socket` is the server's connection, `forward()` has the
 * simulator carry the request out and gives the bytes of its whole answer.
 */
export const acts = {
  resetBefore: ({ socket }) => socket.resetAndDestroy(),
  closeBefore: ({ socket }) => socket.destroy(),
  silenceBefore: () => {},
  resetAfter: async ({ socket, forward }) => {
    await forward();
    socket.resetAndDestroy();
  },
  closeAfter: async ({ socket, forward }) => {
    await forward();
    socket.destroy();
  },
  silenceAfter: ({ forward }) => forward(),
  emptyBefore: ({ socket }) => socket.write(okHead('Content-Length: 0')),
  emptyAfter: async ({ socket, forward }) => {
    await forward();
    socket.write(okHead('Content-Length: 0'));
  },
  halfHead: async ({ socket, forward }) => socket.end((await forward()).subarray(0, 20)),
  headOnly: async ({ socket, forward }) => {
    const answer = await forward();
    socket.end(answer.subarray(0, answer.indexOf(emptyLine) + emptyLine.length));
  },
  halfBody: async ({ socket, forward }) => socket.end((await forward()).subarray(0, -8)),
  cutChunk: async ({ socket, forward }) => {
    await forward();
    socket.end(`${okHead('Transfer-Encoding: chunked')}40\r\n{"errcode":0,"errmsg":"ok"}`);
  },
  noLastChunk: async ({ socket, forward }) => {
    await forward();
    socket.end(`${okHead('Transfer-Encoding: chunked')}1b\r\n{"errcode":0,"errmsg":"ok"}\r\n`);
  },
  notHttp: async ({ socket, forward }) => {
    await forward();
    socket.end('220 mail.example.com ESMTP ready\r\n');
  },
  noise: async ({ socket, forward }) => {
    await forward();
    socket.end(Buffer.from(Array.from({ length: 500 }, (_, i) => (i * 197 + 131) & 0xff)));
  },
  hugeBody: async ({ socket, forward }) => {
    await forward();
    socket.write(`${okHead(`Content-Length: ${4 << 20}`)}{"errcode":0,"x":"`);
    socket.end(Buffer.alloc(4 << 20, 'x'));
  },
  hugeHead: async ({ socket, forward }) => {
    await forward();
    socket.end(okHead(...Array(8000).fill('X-Filler: 0123456789')));
  },
  continueFirst: async ({ socket, forward }) => {
    socket.write('HTTP/1.1 100 Continue\r\n\r\n');
    socket.write(await forward());
  },
  dribble: async ({ socket, forward }) => {
    for (const byte of await forward()) {
      socket.write(Buffer.of(byte));
      await sleep(2);
    }
  },
  /** An answer, and behind it one that nobody asked for. */
  secondAnswer: async ({ socket, forward }) => {
    const answer = await forward();
    socket.write(Buffer.concat([answer, answer]));
  },
};

export class Proxy {
  constructor(targetUrl) {
    this.target = targetUrl;
    this.agent = new http.Agent({ keepAlive: true });
    this.sockets = new Set();
    this.plans = new Map(); // marker -> act for the next such request
    this.seen = []; // of each request: {body, reused}
  }

  /** Spoils the next request whose body holds `marker`. */
  plan(marker, act) {
    this.plans.set(marker, act);
  }

  /** Requests whose body held `marker`. */
  requestsFor(marker) {
    return this.seen.filter(({ body }) => body.includes(marker));
  }

  async up() {
    this.server = net.createServer((socket) => this.serve(socket));
    await new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(this.port ?? 0, '127.0.0.1', resolve);
    });
    this.port = this.server.address().port;
    this.url = `http://127.0.0.1:${this.port}`;
  }

  /** Connections are refused from now on, and the open ones are over. */
  async down() {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.closeIdle();
    await closed;
  }

  closeIdle() {
    for (const socket of this.sockets) socket.destroy();
  }

  end() {
    this.agent.destroy();
    return this.down();
  }

  serve(socket) {
    let bytes = Buffer.alloc(0);
    let served = 0;
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      const head = bytes.indexOf(emptyLine);
      if (head < 0) return;
      const text = bytes.toString('latin1', 0, head);
      const size = Number(/^content-length: *(\d+)/im.exec(text)?.[1] ?? 0);
      const end = head + emptyLine.length + size;
      if (bytes.length < end) return;
      const body = bytes.subarray(head + emptyLine.length, end);
      bytes = bytes.subarray(end);
      this.exchange(socket, text, body, served++ > 0).catch(() => socket.destroy());
    });
  }

  async exchange(socket, head, body, reused) {
    const [method, path] = head.split(' ', 2);
    const text = body.toString();
    const marker = [...this.plans.keys()].find((known) => text.includes(known));
    const act = this.plans.get(marker);
    const forward = () => this.forward(method, path, head, body);
    this.seen.push({ body: text, reused });
    this.plans.delete(marker);
    if (act) await act({ socket, forward });
    else socket.write(await forward());
  }

  forward(method, path, head, body) {
    const type = /^content-type: *(.*)$/im.exec(head)?.[1] ?? 'application/json';
    const headers = { 'Content-Type': type, 'Content-Length': body.length };
    return new Promise((resolve, reject) => {
      const request = http.request(this.target + path, { method, headers, agent: this.agent });
      request.on('error', reject);
      request.on('response', (response) => {
        const chunks = [];
        response.on('error', reject);
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('end', () => resolve(asBytes(response, Buffer.concat(chunks))));
      });
      request.end(body);
    });
  }
}

function asBytes(response, body) {
  const lines = [
    `HTTP/1.1 ${response.statusCode} ${response.statusMessage}`,
    `Content-Type: ${response.headers['content-type'] ?? 'text/plain'}`,
    `Content-Length: ${body.length}`,
  ];
  return Buffer.concat([Buffer.from(lines.join('\r\n') + emptyLine), body]);
}
