/** Everything that reaches the page goes through here as text: no markup is ever made of strings. */
export function byId<E extends HTMLElement = HTMLElement>(id: string): E {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no #${id}`);
  return found as E;
}

type Child = Node | string;

export function make<K extends keyof HTMLElementTagNameMap>(tag: K, name = "", ...children: Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (name) element.className = name;
  element.append(...children);
  return element;
}

/** Sets a text only when it differs, so that live regions speak once. */
export function say(id: string, text: string): void {
  const element = byId(id);
  if (element.textContent !== text) element.textContent = text;
}

export function figure(id: string, value: string, unit: string): void {
  byId(id).replaceChildren(value, make("small", "", unit));
}

export function row(...cells: (Child | { n: Child })[]): HTMLTableRowElement {
  return make("tr", "", ...cells.map((cell) =>
    typeof cell === "object" && "n" in cell ? make("td", "n", cell.n) : make("td", "", cell as Child)));
}

export function swatch(index: number): HTMLSpanElement {
  const key = make("span", "key");
  key.style.background = `var(--c${index})`;
  return key;
}

/** A bar of parts, each a share of `total`. */
export function stack(id: string, parts: number[], total: number): void {
  const bar = byId(id);
  while (bar.children.length < parts.length) bar.append(make("i"));
  parts.forEach((part, index) => {
    const piece = bar.children[index] as HTMLElement;
    piece.style.width = `${total > 0 ? (100 * part) / total : 0}%`;
    piece.style.background = `var(--c${index})`;
  });
}
