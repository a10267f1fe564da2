// Puts what the run says now in the place of what it said before, every two seconds, until it has ended. What was
// opened, sorted, scrolled and focused stays so. Without this the page loads itself anew.
const parts = root => [...root.querySelectorAll('body > header, main > section')];
const name = part => part.id || 'header';
const focusable = part => [...part.querySelectorAll('a, button, summary, [tabindex]')];
function state(part) {
  return {
    open: [...part.querySelectorAll('details')].map(details => details.open),
    scrolled: [...part.querySelectorAll('.scroll')].map(region => region.scrollLeft),
    focused: focusable(part).indexOf(document.activeElement),
    sorted: [...part.querySelectorAll('table')].map(table => {
      const heads = [...(table.tHead?.rows[0].cells ?? [])], column = heads.findIndex(head => head.hasAttribute('aria-sort'));
      return column < 0 ? null : [column, heads[column].getAttribute('aria-sort')];
    }),
  };
}
function restore(part, was) {
  sortable(part);
  part.querySelectorAll('table').forEach((table, i) => {
    if (!was.sorted[i]) return;
    const [column, order] = was.sorted[i], head = table.tHead.rows[0].cells[column], button = head.querySelector('button');
    for (let press = 0; button && press < 2 && head.getAttribute('aria-sort') !== order; press++) button.click();
  });
  part.querySelectorAll('details').forEach((details, i) => { if (i in was.open) details.open = was.open[i]; });
  part.querySelectorAll('.scroll').forEach((region, i) => { region.scrollLeft = was.scrolled[i] ?? 0; });
  if (was.focused >= 0) focusable(part)[was.focused]?.focus({ preventScroll: true });
}
function show(next) {
  const main = document.querySelector('main'), known = new Map(parts(document).map(part => [name(part), [part, state(part)]]));
  for (const part of parts(next)) {
    const own = document.adoptNode(part), before = known.get(name(own));
    known.delete(name(own));
    if (before) before[0].replaceWith(own);
    if (own.localName === 'section') main.append(own);
    if (before) restore(own, before[1]); else sortable(own);
  }
  known.forEach(([part]) => part.remove());
  document.title = next.title;
}
async function again() {
  // Whoever marks text is reading it.
  if (getSelection()?.isCollapsed === false) return setTimeout(again, 2000);
  try {
    const answer = await fetch(location.pathname, { cache: 'no-store' });
    const next = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const top = scrollY, running = next.body.hasAttribute('data-live');
    show(next);
    scrollTo({ top, behavior: 'instant' });
    if (running) setTimeout(again, 2000);
  } catch {
    document.querySelector('h1').append(' (the run has ended: its report is in its folder)');
  }
}
setTimeout(again, 2000);
