// A receiver of webhooks on a free port of loopback: keeps what it was told, answers as it is told to.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { waitFor } from './lib.mjs';

// The receiver's side of the signature is the example of docs/webhooks.md, as people will copy it.
const page = readFileSync(new URL('../../docs/webhooks.md', import.meta.url), 'utf8');
const [, example] = /```js\n([\s\S]*?)```/.exec(page);
export const [, phpExample] = /```php\n([\s\S]*?)```/.exec(page);
export const { verify } = await import(
  `data:text/javascript;base64,${Buffer.from(example).toString('base64')}`);

export class Receiver {
  static async open() {
    const receiver = new Receiver();

    receiver.told = []; // {id, type, data, headers, body, at}
    receiver.answers = []; // statuses of the next requests; then 200. A function is called with the response.
    receiver.connections = 0;
    receiver.server = createServer((request, response) => receiver.take(request, response));
    receiver.server.on('connection', () => receiver.connections++);
    receiver.server.listen(0, '127.0.0.1');
    await once(receiver.server, 'listening');
    receiver.port = receiver.server.address().port;
    receiver.url = `http://127.0.0.1:${receiver.port}/hook`;
    return receiver;
  }

  async take(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    const { type, timestamp, data } = JSON.parse(body);

    this.told.push({ id: request.headers['webhook-id'], type, timestamp, data, body,
      method: request.method, path: request.url, headers: request.headers, at: Date.now() });
    const answer = this.answers.shift() ?? 200;
    if (typeof answer === 'function') answer(response);
    else response.writeHead(answer).end('thanks');
  }

  of(type) {
    return this.told.filter((one) => one.type === type);
  }

  // Waits until `count` of that type came, and gives them.
  wait(type, count = 1, deadlineMs) {
    return waitFor(`${count} ${type}`,
      () => this.of(type).length >= count && this.of(type), deadlineMs)
      .catch((error) => {
        throw new Error(`${error.message}: ${JSON.stringify(this.told.map((one) => one.type))}`);
      });
  }

  close() {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }
}
