// Chromium, driven over its pipe: no package needed. In: the name of a binary; out: pages that can be opened, asked and
// photographed. Invariant: no profile of the user is read, and no browser outlives the script.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** The path of a browser, `CHROME` first; nothing where there is none. */
export function found() {
  const wanted = process.env.CHROME ? [process.env.CHROME] : NAMES;
  return wanted.find(name => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0);
}

export class Chrome {
  #next = 1;
  #waiting = new Map();
  #listeners = new Set();

  constructor(binary) {
    this.profile = mkdtempSync(join(tmpdir(), 'tollgate-browser-'));
    const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage',
      '--font-render-hinting=none', '--remote-debugging-pipe', `--user-data-dir=${this.profile}`, 'about:blank'];
    this.process = spawn(binary, flags, { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
    let rest = '';
    this.process.stdio[4].setEncoding('utf8').on('data', text => {
      const parts = (rest + text).split('\0');
      rest = parts.pop();
      parts.forEach(part => this.#heard(JSON.parse(part)));
    });
  }

  #heard(message) {
    const waiting = this.#waiting.get(message.id);
    if (!waiting) return this.#listeners.forEach(listener => listener(message));
    this.#waiting.delete(message.id);
    if (message.error) waiting.reject(new Error(`${waiting.method}: ${message.error.message}`));
    else waiting.resolve(message.result);
  }

  send(method, params = {}, sessionId) {
    const id = this.#next++;
    const answer = new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject, method }));
    this.process.stdio[3].write(JSON.stringify({ id, method, params, sessionId }) + '\0');
    return answer;
  }

  /** A page of its own, which notes what it asked for and what it complained of. */
  async page() {
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true });
    const page = new Page(this, targetId, sessionId);
    this.#listeners.add(message => message.sessionId === sessionId && page.heard(message));
    for (const domain of ['Page', 'Network', 'Log', 'Runtime', 'DOM', 'Accessibility']) await page.send(`${domain}.enable`);
    return page;
  }

  async close() {
    const gone = new Promise(resolve => this.process.once('exit', resolve));
    this.process.kill();
    await gone;
    try {
      rmSync(this.profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    } catch {
      // On a busy machine its children write until they have noticed; what is left lies in the temporary folder.
    }
  }
}

class Page {
  requests = [];
  complaints = [];
  #loaded = () => {};

  constructor(chrome, targetId, sessionId) {
    Object.assign(this, { chrome, targetId, sessionId });
  }

  send(method, params) {
    return this.chrome.send(method, params, this.sessionId);
  }

  heard({ method, params }) {
    if (method === 'Page.loadEventFired') this.#loaded();
    if (method === 'Network.requestWillBeSent') this.requests.push(params.request.url);
    if (method === 'Log.entryAdded') this.complaints.push(params.entry.text);
    if (method === 'Runtime.consoleAPICalled') this.complaints.push(params.args.map(a => a.value).join(' '));
    if (method === 'Runtime.exceptionThrown') this.complaints.push(params.exceptionDetails.text);
  }

  async open(url) {
    this.requests.length = this.complaints.length = 0;
    const loaded = new Promise(resolve => { this.#loaded = resolve; });
    await this.send('Page.navigate', { url });
    await loaded;
  }

  /** The value of an expression in the page. */
  async ask(expression) {
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  async look({ width = 1200, height = 900, dark = false, media = '' } = {}) {
    await this.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false });
    const features = [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }];
    await this.send('Emulation.setEmulatedMedia', { media, features });
  }

  async scripts(allowed) {
    await this.send('Emulation.setScriptExecutionDisabled', { value: !allowed });
  }

  async press(key, code = key) {
    const keys = { Tab: 9, Enter: 13, ' ': 32 };
    const event = { key, code, windowsVirtualKeyCode: keys[key], text: { Enter: '\r', ' ': ' ' }[key] };
    await this.send('Input.dispatchKeyEvent', { type: event.text ? 'keyDown' : 'rawKeyDown', ...event });
    await this.send('Input.dispatchKeyEvent', { type: 'keyUp', ...event, text: undefined });
  }

  /** The whole page as PNG. */
  async picture(clip) {
    const { data } = await this.send('Page.captureScreenshot', { format: 'png', captureBeyondViewport: true, ...(clip && { clip: { scale: 1, ...clip } }) });
    return Buffer.from(data, 'base64');
  }

  async pdf() {
    const { data } = await this.send('Page.printToPDF', { printBackground: true, paperWidth: 8.27, paperHeight: 11.69 });
    return Buffer.from(data, 'base64');
  }

  async close() {
    await this.chrome.send('Target.closeTarget', { targetId: this.targetId });
  }
}
