// A provider on loopback that answers by a function: for wire formats that the mock lacks.
import http from 'node:http';

const read = async (stream) => {
  const pieces = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces);
};

export class Scripted {
  /**
   * answer({ method, path, headers, body, json }, index) gives { status, json, headers, wait_ms },
   * or a promise of it; without `json` the connection is left open without an answer.
   */
  static async start(answer) {
    const scripted = new Scripted();
    scripted.answer = answer;
    scripted.calls = [];
    scripted.open_now = 0;
    scripted.open_max = 0;
    scripted.server = http.createServer((request, response) => {
      scripted.serve(request, response).catch(() => response.destroy());
    });
    await new Promise((resolve) => { scripted.server.listen(0, '127.0.0.1', resolve); });
    return scripted;
  }

  get url() { return `http://127.0.0.1:${this.server.address().port}`; }

  async serve(request, response) {
    const body = await read(request);
    const call = { method: request.method, path: request.url, headers: request.headers, body,
      left: new Promise((resolve) => {
        response.on('close', () => { if (!response.writableFinished) resolve(performance.now()); });
      }) };
    try {
      call.json = JSON.parse(body.toString('utf8'));
    } catch { /* not JSON */ }
    this.calls.push(call);
    this.open_now += 1;
    this.open_max = Math.max(this.open_max, this.open_now);
    response.on('close', () => { this.open_now -= 1; });
    const said = await this.answer(call, this.calls.length - 1);
    if (said.wait_ms) await new Promise((resolve) => { setTimeout(resolve, said.wait_ms); });
    if (said.json === undefined) return;
    const bytes = Buffer.from(typeof said.json === 'string' ? said.json
      : JSON.stringify(said.json));
    response.writeHead(said.status ?? 200, { 'content-type': 'application/json',
      'content-length': bytes.length, ...said.headers });
    response.end(bytes);
  }

  /** Forgets the calls and answers by another function from now on. */
  reset(answer) {
    this.calls = [];
    this.open_max = 0;
    this.answer = answer;
  }

  stop() {
    this.server.closeAllConnections();
    return new Promise((resolve) => { this.server.close(resolve); });
  }
}
