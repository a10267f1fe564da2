// Tables that say `data-sort` are sorted by a click on a heading. Without this the page is whole.
function sortable(root) {
  for (const table of root.querySelectorAll('table[data-sort]')) {
    const bodies = [...table.tBodies].filter(body => !body.classList.contains('all'));
    const rows = bodies.length === 1 ? [...bodies[0].rows] : bodies;
    const end = bodies.length === 1 ? null : table.querySelector('tbody.all');
    const home = bodies.length === 1 ? bodies[0] : table;
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      if (head.hasAttribute('data-fixed')) return;
      const button = document.createElement('button');
      button.type = 'button';
      button.append(...head.childNodes);
      head.append(button);
      const cell = row => (row.rows ? row.rows[0] : row).cells[column];
      const text = row => (cell(row).dataset.v || cell(row).firstChild?.textContent || '').trim();
      const number = row => parseFloat(text(row).replace('−', '-').replace(/[^0-9.-]/g, ''));
      const words = !head.classList.contains('r');
      const first = words ? 'ascending' : 'descending', second = words ? 'descending' : 'ascending';
      button.addEventListener('click', () => {
        const was = head.getAttribute('aria-sort');
        const now = was === first ? second : was === second ? null : first;
        heads.forEach(other => other.removeAttribute('aria-sort'));
        if (now) head.setAttribute('aria-sort', now);
        const rank = row => { const n = number(row); return isNaN(n) ? -Infinity : n; };
        const order = words ? (a, b) => text(a).localeCompare(text(b)) : (a, b) => rank(a) === rank(b) ? 0 : rank(a) - rank(b);
        const turn = now === 'descending' ? -1 : 1;
        const sorted = now ? [...rows].sort((a, b) => turn * order(a, b)) : rows;
        sorted.forEach(row => home.insertBefore(row, end));
      });
    });
  }
}
sortable(document);
