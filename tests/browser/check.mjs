// What must hold of our pages in a real browser. In: a folder of pages; out: a line a page, and exit 1 where something
// does not hold. `node tests/browser/check.mjs FOLDER`; Chromium is found by name, or named by CHROME.
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Chrome, found } from './chrome.mjs';

const binary = found();
if (!binary) {
  console.log('skipped: no Chromium here; install one, or name it: CHROME=/path/to/chromium');
  process.exit(0);
}
const folder = resolve(process.argv[2] ?? 'reports/sample');
const files = readdirSync(folder, { recursive: true }).filter(name => name.endsWith('.html')).sort();
const problems = [];

/** Contrast of every text against what is behind it (WCAG 2.2, 1.4.3): least ratio, and each that is too low. */
function contrast() {
  const parse = text => {
    const [r, g, b, a = 1] = text.match(/[\d.]+/g).map(Number);
    return [r, g, b, a];
  };
  const luminance = ([r, g, b]) => {
    const part = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const behind = element => {
    for (let e = element; e; e = e.parentElement) {
      const colour = parse(getComputedStyle(e).backgroundColor);
      if (colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  let least = Infinity, texts = 0;
  const low = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement, text = walker.currentNode.data.trim();
    if (!text || element.closest('script,style,title') || !element.getClientRects().length) continue;
    const style = getComputedStyle(element);
    const colour = parse(element.closest('svg') ? style.fill : style.color);
    const [a, b] = [luminance(colour), luminance(behind(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    texts++;
    least = Math.min(least, ratio);
    if (ratio < (large ? 3 : 4.5)) low.push(`${text.slice(0, 40)} ${ratio.toFixed(2)}`);
  }
  // What is told by a line or an area needs 3:1 (1.4.11), where no number says the same.
  const shapes = [...document.querySelectorAll('svg .l, svg .wrong, .bar .ok, .bar .over, .bar .mark')];
  const drawn = shapes.map(shape => {
    const style = getComputedStyle(shape), paint = style.fill === 'none' || shape.matches('.mark') ? style.stroke : style.fill;
    const [a, b] = [luminance(parse(paint)), luminance(behind(shape.closest('svg').parentElement))].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  });
  const lines = Math.min(Infinity, ...drawn);
  return { least, texts, low, lines };
}

/** Sorts every column of every sortable table by a click and by keys; the columns that do not obey. */
function columns() {
  const wrong = [];
  const number = text => parseFloat(text.replace('−', '-').replace(/[^0-9.-]/g, ''));
  let sorted = 0;
  for (const table of document.querySelectorAll('table[data-sort]')) {
    const rows = () => table.tBodies.length > 1
      ? [...table.tBodies].filter(b => !b.classList.contains('all')).map(b => b.rows[0]) : [...table.tBodies[0].rows];
    if (rows().length < 2) continue;
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = head.querySelector('button');
      if (!button) return head.hasAttribute('data-fixed') || wrong.push(`no button: ${head.textContent}`);
      const values = () => rows().map(row => (row.cells[column].dataset.v || row.cells[column].firstChild?.textContent || '').trim());
      const before = values().join('|');
      for (const press of [1, 2]) {
        button.click();
        const down = head.getAttribute('aria-sort') === 'descending';
        const known = head.classList.contains('r') ? values().map(number).filter(n => !isNaN(n)) : values();
        const order = known.every((value, i) => i === 0 || (typeof value === 'number'
          ? (down ? known[i - 1] >= value : known[i - 1] <= value)
          : (down ? known[i - 1].localeCompare(value) >= 0 : known[i - 1].localeCompare(value) <= 0)));
        if (!order || !head.hasAttribute('aria-sort')) wrong.push(`${head.textContent} not sorted after ${press}`);
      }
      button.click();
      if (values().join('|') !== before) wrong.push(`${head.textContent} does not go back`);
      sorted++;
    });
  }
  return { wrong, sorted };
}

/** What the keyboard reaches: it goes down the page, every stop has a name and can be seen. */
async function keyboard(page, say) {
  const stop = `(() => { const e = document.activeElement; if (!e || e === document.body) return null;
    const box = e.getBoundingClientRect(), style = getComputedStyle(e);
    window.tabs = window.tabs ?? []; const back = window.tabs.length && !(window.tabs.at(-1).compareDocumentPosition(e) & 4);
    window.tabs.push(e);
    return { back: !!back, name: (e.getAttribute('aria-label') ?? e.textContent).trim().slice(0, 40), ring: style.outlineStyle !== 'none',
      seen: box.width > 0 && box.height > 0, button: e.tagName === 'BUTTON' }; })()`;
  let stops = 0, button;
  for (; stops < 400; stops++) {
    await page.press('Tab');
    const at = await page.ask(stop);
    if (!at) break;
    if (at.back) say(`focus goes back at ${at.name}`);
    if (!at.name) say('a stop without a name');
    if (!at.ring || !at.seen) say(`focus cannot be seen at ${at.name}`);
    if (at.button && button === undefined) {
      button = true;
      const sort = `document.activeElement.closest('th').getAttribute('aria-sort')`;
      for (const key of ['Enter', ' ']) {
        const before = await page.ask(sort);
        await page.press(key, key === ' ' ? 'Space' : key);
        if (await page.ask(sort) === before) say(`${JSON.stringify(key)} does not sort`);
        if (!await page.ask(`document.activeElement.tagName === 'BUTTON'`)) say('sorting loses the focus');
      }
    }
  }
  return stops;
}

const visible = `document.body.innerText`;
const chrome = new Chrome(binary);
try {
  for (const file of files) {
    const url = pathToFileURL(join(folder, file)).href;
    const say = what => problems.push(`${file}: ${what}`);
    const page = await chrome.page();
    const ratios = [];
    await page.look({});
    await page.open(url);
    await page.ask(`document.querySelectorAll('details').forEach(d => { d.open = true })`);
    const { wrong, sorted } = await page.ask(`(${columns})()`);
    wrong.forEach(say);
    const whole = await page.ask(visible);
    const unnamed = await page.ask(`[...document.querySelectorAll('svg')].filter(s => !s.getAttribute('aria-label') && s.getAttribute('aria-hidden') !== 'true').length`);
    if (unnamed) say(`${unnamed} pictures without words`);
    for (const dark of [false, true]) {
      await page.look({ dark });
      const { least, low, texts, lines } = await page.ask(`(${contrast})()`);
      low.slice(0, 5).forEach(text => say(`low contrast${dark ? ' in the dark' : ''}: ${text}`));
      if (lines !== null && lines < 3) say(`a line of contrast ${lines.toFixed(2)}${dark ? ' in the dark' : ''}`);
      ratios.push(`${least.toFixed(2)} of ${texts} texts${dark ? ' dark' : ' light'}`);
    }
    for (const width of [320, 400, 800, 1200]) {
      await page.look({ width });
      const wide = await page.ask('document.scrollingElement.scrollWidth');
      if (wide > width) say(`${wide} px wide in a window of ${width} px`);
    }
    await page.look({});
    await page.open(url);
    const stops = await keyboard(page, say);
    page.requests.filter(asked => asked !== url).forEach(asked => say(`asks for ${asked}`));
    page.complaints.forEach(text => say(`says ${text}`));
    await page.scripts(false);
    await page.open(url);
    await page.scripts(true);
    await page.ask(`document.querySelectorAll('details').forEach(d => { d.open = true })`);
    const plain = await page.ask(visible);
    if (plain !== whole) say('without script it is another text');
    console.log(`${file}: ${sorted} columns sort, ${stops} stops by keyboard, least contrast ${ratios.join(', ')}`);
    await page.close();
  }
} finally {
  await chrome.close();
}
problems.forEach(problem => console.error(problem));
console.log(problems.length ? `${problems.length} problems` : `${files.length} pages: no request, no complaint, nothing wider than the window, the same text without script`);
process.exit(problems.length ? 1 : 0);
