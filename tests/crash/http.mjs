// JSON over kept-alive connections, and waiting for a condition.
import http from 'node:http';

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Resolves with null; a program that has nothing else to do does not wait for it. */
export const late = (ms) => new Promise((resolve) => setTimeout(resolve, ms, null).unref());

/** Asks again and again until `look` gives something true; says what it waited for when it never
 * comes. */
export async function until(what, deadlineMs, look, everyMs = 25) {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`still not after ${deadlineMs} ms: ${what}`);
    await sleep(everyMs);
  }
}

/** A list of what NDJSON has, a plain text as it is, null of nothing. */
function parse(answer, type) {
  if (type.startsWith('text/plain')) return answer;
  if (type.startsWith('application/x-ndjson'))
    return answer.split('\n').filter(Boolean).map((line) => JSON.parse(line));
  return answer ? JSON.parse(answer) : null;
}

export class Client {
  constructor(baseUrl, headers = {}) {
    this.baseUrl = baseUrl;
    this.headers = headers;
    this.agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
  }

  /** {status, body}, or rejects when no whole answer came. A text is lines of JSON already. */
  ask(method, path, body, headers = {}) {
    const lines = typeof body === 'string';
    const text = lines || body === undefined ? body ?? null : JSON.stringify(body);
    const all = { ...this.headers, ...headers };
    if (text !== null) {
      all['Content-Type'] = lines ? 'application/x-ndjson' : 'application/json';
      all['Content-Length'] = Buffer.byteLength(text);
    }
    return new Promise((resolve, reject) => {
      const options = { method, headers: all, agent: this.agent, timeout: 30000 };
      const request = http.request(this.baseUrl + path, options, (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          if (!response.complete) return reject(new Error('cut answer'));
          const answer = Buffer.concat(chunks).toString();
          try {
            const type = response.headers['content-type'] ?? '';
            resolve({ status: response.statusCode, body: parse(answer, type) });
          } catch {
            reject(new Error(`${method} ${path}: not JSON: ${answer.slice(0, 200)}`));
          }
        });
      });
      request.on('timeout', () => request.destroy(new Error(`${method} ${path}: no answer`)));
      // A kept connection may be given up by the other side at the moment in which it is used again.
      request.on('error', (error) =>
        (method === 'GET' && request.reusedSocket && error.code === 'ECONNRESET'
          ? resolve(this.ask(method, path, body, headers)) : reject(error)));
      request.end(text ?? undefined);
    });
  }

  /** The body of an answer that must have the status. */
  async must(status, method, path, body, headers) {
    const answer = await this.ask(method, path, body, headers);
    if (answer.status !== status) {
      const said = JSON.stringify(answer.body);
      throw new Error(`${method} ${path}: ${answer.status} instead of ${status}: ${said}`);
    }
    return answer.body;
  }

  close() {
    this.agent.destroy();
  }
}
