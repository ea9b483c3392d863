// Ways to break a page, each of which the checks must notice.
const page = "F14.html";
export const breakages = [
  { name: "the arrow keys do nothing", page, from: "keys[event.key]();", to: "" },
  { name: "the slider does nothing", page, from: 'addEventListener("input"', to: 'addEventListener("inputs"' },
  { name: "a button does nothing", page, from: "back: () => step(now - 1),", to: "back: () => {}," },
  { name: "what comes later isn't faint, and the step isn't marked", page, from: "element.classList.toggle(", to: "String(" },
  { name: "it opens at the beginning", page, from: "let now = first ?? 0;", to: "let now = 0;" },
  { name: "the step isn't brought into view", page: "sixty-F09.html", from: "scroller.scrollTop = ", to: "scroller.dataset.top = " },
  { name: "the lanes aren't brought into view", page: "sixty-F09.html", from: "scroll((left + right", to: "String((left + right" },
  { name: "a script fails", page, from: '"use strict";', to: '"use strict"; setTimeout(() => { throw new Error("on purpose"); });' },
  { name: "something is fetched", page, from: "<header>", to: '<header><img src="http://127.0.0.1:9/picture.png">' },
  { name: "the pointer shows nothing", page, from: '"pointerover"', to: '"pointerovers"' },
  { name: "the focus shows nothing", page, from: '"focusin"', to: '"focusins"' },
  { name: "dark is light", page, from: "color-scheme: light dark;", to: "color-scheme: light;" },
  { name: "the button for dark does nothing", page, from: 'root.colorScheme = dark ? "light" : "dark";', to: "" },
  { name: "text leaves its box", page: "evil.html", from: ".box > * { min-width: 0; overflow: hidden;", to: ".box > * { flex: none; overflow: visible;" },
  { name: "boxes lie on each other", page, from: "op: 34,", to: "op: 20," },
  { name: "the names of lanes stand elsewhere", page, from: "left: (lane + front) * wide,", to: "left: (lane + front) * wide + 30," },
  { name: "text is set as markup", page: "evil.html", from: "element.textContent = text;", to: "element.innerHTML = text;" },
  { name: "data ends the script that it is in", page: "evil.html", from: "\\u003c/script>", to: "</script>" },
  { name: "text is faint", page, from: "--faint: light-dark(#5d6579", to: "--faint: light-dark(#b0b5c5" },
  { name: "without scripts there is nothing", page, from: "\n  d0 ", to: "\n " },
];
