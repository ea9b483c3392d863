// Measures a page from inside the browser: each function is run there, and gives what is wrong, in sentences.

/** Boxes that lie on each other, and text that leaves its box. */
export function overlaps() {
  const found = [];
  const called = (element) => `"${element.textContent.slice(0, 40)}" (${element.className})`;
  const meet = (one, other) =>
    Math.min(one.right, other.right) - Math.max(one.left, other.left) > 1 &&
    Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top) > 1;
  const leaves = (inner, outer) => inner.left < outer.left - 1 || inner.right > outer.right + 1
    || inner.top < outer.top - 1 || inner.bottom > outer.bottom + 1;

  for (const panel of document.querySelectorAll(".panel")) {
    const things = [...panel.querySelectorAll(".box, .given, .tag")].map((element) => [element, element.getBoundingClientRect()]);
    things.sort(([, one], [, other]) => one.top - other.top);
    for (const [at, [one, frame]] of things.entries()) {
      for (let next = at + 1; next < things.length && things[next][1].top < frame.bottom; next++) {
        if (meet(frame, things[next][1])) found.push(`${called(one)} lies on ${called(things[next][0])}`);
      }
    }
  }
  for (const box of document.querySelectorAll(".panel .box")) {
    const frame = box.getBoundingClientRect();
    for (const part of box.children) {
      if (leaves(part.getBoundingClientRect(), frame)) found.push(`the text of ${called(box)} leaves it`);
    }
  }
  // Whatever is too long for its place is cut there, and says so.
  for (const element of document.querySelectorAll(".box > *, .given, .tag, .line .text, .name, td")) {
    const style = getComputedStyle(element);
    const cut = element.scrollWidth > element.clientWidth + 1;
    if (cut && (style.overflowX === "visible" || style.textOverflow !== "ellipsis")) {
      found.push(`${called(element)} is too long for its place`);
    }
  }
  // A lane's name stands above what is in the lane.
  const names = [...document.querySelectorAll(".head:nth-child(2) .names span")];
  const middles = names.map((name) => { const box = name.getBoundingClientRect(); return (box.left + box.right) / 2; });
  for (const box of document.querySelectorAll("#picture > .panel:nth-child(2) .box.bind")) {
    const frame = box.getBoundingClientRect();
    const middle = (frame.left + frame.right) / 2;
    if (!middles.some((name) => Math.abs(name - middle) < 2)) found.push(`no lane's name stands above ${called(box)}`);
  }
  if (document.documentElement.scrollWidth > innerWidth) found.push("the page is wider than the window");
  if (document.documentElement.scrollHeight > innerHeight) found.push("the page is higher than the window");
  return [...new Set(found)];
}

/** Text that hardly stands out from what is behind it. */
export function contrasts() {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const over = (colors) => {
    canvas.clearRect(0, 0, 1, 1);
    for (const color of colors) {
      canvas.fillStyle = color;
      canvas.fillRect(0, 0, 1, 1);
    }
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = ([red, green, blue]) => {
    const linear = (part) => (part /= 255) <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
  };
  const found = new Set();
  for (const element of document.querySelectorAll(".box > *, .given, .tag, .line .text, #said *, td, th, h1, header p, dt, dd, nav button:not(:disabled), .names span")) {
    if (!element.textContent.trim() || element.closest("[hidden], details")) continue;
    const behind = [];
    for (let one = element; one; one = one.parentElement) behind.unshift(getComputedStyle(one).backgroundColor);
    const [ground, text] = [over(behind), over([...behind, getComputedStyle(element).color])].map(luminance);
    const ratio = (Math.max(ground, text) + 0.05) / (Math.min(ground, text) + 0.05);
    if (ratio < 4.5) found.add(`.${element.className || element.localName} in .${element.parentElement.className}: contrast ${ratio.toFixed(1)}`);
  }
  return [...found];
}
