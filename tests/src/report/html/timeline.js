// Draws the picture, and steps through it. All text is set as text, never as markup.
"use strict";
(() => {
  const picture = JSON.parse(document.getElementById("data").textContent);
  const { subjects, lanes, rows, first } = picture;
  const ROW = { op: 34, event: 54, end: 40, unhandled: 36 };
  const BOX = 24; // the height of a box, as the style has it
  const NARROWEST = 112, WIDEST = 230; // of a lane
  const WHOLE = ["failed", "unhandled", "unhandled none"]; // the boxes that are as wide as a subject
  const at = (id) => document.getElementById(id);
  const tops = [0];
  for (const row of rows) tops.push(tops.at(-1) + ROW[row.kind]);
  const middle = (row) => tops[row + 1] - BOX / 2 - 5;
  // What is no Deferred's, as the clock, has a lane of its own in front, where there is any.
  const outside = (box) => box.lane === null && !WHOLE.includes(box.kind);
  const front = rows.some((row) => row.cells.some((cell) => cell?.boxes.some(outside))) ? 1 : 0;
  const columns = lanes + front;
  let now = first ?? 0;
  let boxes = []; // by row
  let scrolled = []; // what shows lanes: they are all looked at from the same place

  function make(tag, className, text) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  }

  function place(element, style) {
    for (const [name, value] of Object.entries(style)) element.style[name] = `${value}px`;
    return element;
  }

  // Whether a subject told anything.
  const tells = subjects.map((_, subject) => rows.some((row) => row.cells[subject]));

  // How the lanes of each subject stand after each row.
  const stands = subjects.map((_, subject) => {
    let stand = [];
    return rows.map((row) => {
      const changes = row.cells[subject]?.lanes ?? [];
      if (changes.length) stand = stand.slice();
      for (const [lane, now] of changes) stand[lane] = now;
      return stand;
    });
  });

  // ---- drawing

  function gutter() {
    const gutter = make("div", "gutter");
    rows.forEach((row, at) => {
      gutter.append(band(row, at));
      const line = make("button", `line ${row.kind}`);
      line.type = "button";
      line.tabIndex = -1;
      line.append(make("span", "number", row.number ?? ""), make("span", "text", row.text));
      if (row.differs) line.append(make("span", "mark", "≠"));
      line.dataset.row = at;
      line.dataset.about = row.text;
      line.lastElementChild.before(line.querySelector(".text"));
      line.querySelector(".text").style.paddingLeft = `${Math.min(row.depth, 8) * 14}px`;
      gutter.append(place(line, { top: tops[at], height: ROW[row.kind] }));
    });
    return gutter;
  }

  function band(row, at, cell) {
    const band = make("div", `band${row.number ? " top" : ""}${row.differs ? " differs" : ""}`);
    if (cell === null && row.differs) band.classList.add("nothing");
    band.dataset.band = at;
    return place(band, { top: tops[at], height: ROW[row.kind] });
  }

  function panel(subject, width) {
    const panel = make("div", "panel");
    const canvas = make("div", "canvas");
    const wide = Math.max(NARROWEST, Math.min(WIDEST, Math.floor(width / Math.max(columns, 1))));
    const gap = Math.max(12, Math.min(26, wide * 0.12));
    const center = (lane) => ((lane ?? -1) + front + 0.5) * wide;
    place(canvas, { width: Math.max(columns * wide, width), height: tops.at(-1) });
    canvas.style.setProperty("--wide", `${wide - 6}px`);
    rows.forEach((row, at) => canvas.append(band(row, at, row.cells[subject])));
    const svg = canvas.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "svg"));
    svg.setAttribute("width", "100%");
    svg.setAttribute("height", "100%");
    const draw = (row, className, d) => {
      const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
      path.setAttribute("class", className);
      path.setAttribute("d", d);
      path.dataset.row = row;
      svg.append(path);
    };
    const hang = (element, row, about, kin) => {
      element.dataset.row = row;
      element.dataset.about = about;
      if (kin) element.dataset.kin = kin;
      canvas.append(element);
    };

    // Where a lane's line goes on below what stands in a row, and where it ends above it.
    const around = (row, lane) => {
      const box = rows[row].cells[subject]?.boxes.find((box) => box.lane === lane);
      if (!box) return [middle(row), middle(row)];
      return [middle(row) + BOX / 2, box.given ? tops[row] + 2 : middle(row) - BOX / 2];
    };
    // The row in which all lines end.
    const last = rows.findIndex((row) => row.cells[subject]?.boxes.some((box) => box.kind === "failed"));
    const ends = last >= 0 ? last : rows.findLastIndex((row) => row.kind !== "unhandled");
    for (let lane = 0; lane < lanes; lane++) {
      rows.forEach((_, row) => {
        const stand = stands[subject][row][lane];
        const shown = stand && stand.stage !== "dropped" && row < ends;
        if (shown) {
          const [from] = around(row, lane), [, to] = around(row + 1, lane);
          draw(row + 1, stand.stage, `M${center(lane)} ${from}V${to}`);
        }
      });
    }
    rows.forEach((row, at) => {
      const cell = row.cells[subject];
      if (!cell) return;
      const y = middle(at);
      const boxed = new Set(cell.boxes.map((box) => box.lane));
      for (const arrow of cell.arrows) {
        const way = Math.sign(arrow.to - arrow.from);
        // Half of what stands in the lane.
        const half = (lane) => {
          if (boxed.has(lane)) return (wide - gap) / 2;
          const tag = cell.lanes.find(([changed]) => changed === lane)?.[1];
          return tag && tag.stage !== "dropped" ? Math.min(wide - 6, 12 + tag.text.length * 6.4) / 2 : 0;
        };
        const edge = (lane, side) => center(lane) + side * half(lane);
        const from = edge(arrow.from, way), to = edge(arrow.to, -way);
        const stand = stands[subject][at][arrow.to];
        const side = arrow.kind === "result" ? (stand?.stage === "failure" ? "failure" : "value") : "";
        draw(at, `arrow ${arrow.kind} ${side}`, `M${from} ${y}H${to - way * 6}`);
        draw(at, `arrow point ${arrow.kind} ${side}`, `M${to} ${y}l${-way * 9} -5v10z`);
      }
      for (const box of cell.boxes) {
        const element = make("button", `box ${box.kind}`);
        element.type = "button";
        if (box.text) element.append(make("b", "", box.text));
        if (box.gives) element.append(make("span", `gives ${box.gives.side}`, box.gives.text));
        element.setAttribute("aria-label", box.about);
        if (row.differs) element.classList.add("differs-here");
        if (WHOLE.includes(box.kind)) {
          place(element, { left: 8, top: y - BOX / 2, maxWidth: width - 16 });
        } else {
          place(element, { left: center(box.lane) - (wide - gap) / 2, top: y - BOX / 2, width: wide - gap });
        }
        hang(element, at, box.about, /#-?\d+/.exec(box.text)?.[0]);
        (boxes[at] ??= []).push(element);
        if (box.given) {
          draw(at, `point ${box.given.side}`, `M${center(box.lane)} ${y - BOX / 2}l-5 -7h10z`);
          hang(place(make("span", `given ${box.given.side}`, box.given.text), { left: center(box.lane), top: tops[at] + 2 }), at, box.about);
        }
      }
      for (const [lane, stand] of cell.lanes) {
        if (boxed.has(lane) || stand.stage === "dropped") continue;
        const tag = make("span", `tag ${stand.stage}`, stand.text);
        hang(place(tag, { left: center(lane), top: y - 8.5 }), at, `d${lane} is ${stand.text}`);
      }
    });
    panel.append(canvas);
    return { panel, wide };
  }

  function head(subject, wide) {
    const head = make("div", "head");
    const name = make("div", "name", subject.name);
    if (subject.right) {
      const right = make("span", "right", " ✓");
      right.title = "is right";
      name.append(right);
    }
    name.title = subject.name;
    head.append(name);
    const inferred = subject.inferred ? "which operation an event is of is taken from the model" : null;
    if (subject.note ?? inferred) {
      const note = head.appendChild(make("div", subject.note ? "note" : "note inferred", subject.note ?? inferred));
      note.title = note.textContent;
    }
    const names = make("div", "names");
    const inner = names.appendChild(place(make("div"), { width: columns * wide }));
    for (let lane = -front; lane < lanes; lane++) {
      const name = lane < 0 ? "no Deferred" : `d${lane}`;
      inner.append(place(make("span", "", name), { left: (lane + front) * wide, width: wide }));
    }
    head.append(names);
    return { head, names };
  }

  function drawAll() {
    const canvas = at("picture"), heads = at("heads");
    const root = document.documentElement.style;
    root.setProperty("--subjects", subjects.length);
    root.setProperty("--stands", `${Math.max(lanes + 1, subjects.length + 2) * 18 + 18}px`);
    canvas.replaceChildren();
    heads.replaceChildren(make("div", "head", "program"));
    boxes = [];
    canvas.append(gutter());
    const gutterWidth = canvas.firstElementChild.getBoundingClientRect().width;
    const width = Math.floor((canvas.clientWidth - gutterWidth) / subjects.length) - 1;
    scrolled = [];
    subjects.forEach((subject, number) => {
      const { panel: drawn, wide } = panel(number, width);
      const { head: top, names } = head(subject, wide);
      canvas.append(drawn);
      heads.append(top);
      scrolled.push(drawn, names);
    });
    for (const one of scrolled) one.addEventListener("scroll", () => scroll(one.scrollLeft));
  }

  // ---- stepping

  function step(to, focus = true) {
    now = Math.max(0, Math.min(rows.length - 1, to));
    for (const element of document.querySelectorAll("#picture [data-row], #picture [data-band]")) {
      const row = Number(element.dataset.row ?? element.dataset.band);
      element.classList.toggle("later", element.dataset.row !== undefined && row > now);
      element.classList.toggle("now", row === now);
      if (element.classList.contains("box")) element.tabIndex = row === now ? 0 : -1;
    }
    at("slider").value = now;
    at("place").textContent = `step ${now + 1} of ${rows.length}`;
    at("back").disabled = at("to-start").disabled = now === 0;
    at("next").disabled = at("to-end").disabled = now >= rows.length - 1;
    say();
    if (focus) look();
  }

  function scroll(left) {
    for (const one of scrolled) if (one.scrollLeft !== left) one.scrollLeft = left;
  }

  // Brings the step into view.
  function look() {
    const scroller = at("scroller");
    const above = tops[now], below = tops[now + 1], high = scroller.clientHeight;
    if (above - 60 < scroller.scrollTop || below + 60 > scroller.scrollTop + high) {
      scroller.scrollTop = (above + below - high) / 2;
    }
    const shown = (boxes[now] ?? []).find((box) => box.closest(".panel"));
    if (!shown) return;
    const panel = shown.closest(".panel");
    const left = shown.offsetLeft, right = left + shown.offsetWidth;
    if (left < panel.scrollLeft || right > panel.scrollLeft + panel.clientWidth) {
      scroll((left + right - panel.clientWidth) / 2);
    }
  }

  function otherwise(next) {
    return next ? `nothing here; next, ${next}` : "nothing here";
  }

  function say() {
    const row = rows[now];
    const said = at("said");
    said.replaceChildren(make("h2", "", row ? row.text : "The program has no operations"));
    subjects.forEach((subject, number) => {
      const cell = row?.cells[number];
      const line = make("p");
      line.append(make("b", "", subject.name), make("span", cell ? "" : "none", cell ? cell.said : otherwise(row?.otherwise[number])));
      said.append(line);
    });
    const table = make("table");
    const top = table.appendChild(make("tr"));
    top.append(make("th"), ...subjects.map((subject) => make("th", "", subject.name)));
    for (let lane = 0; lane < lanes; lane++) {
      const stand = subjects.map((_, number) => stands[number][now]?.[lane]);
      if (stand.every((one) => !one)) continue;
      const texts = stand.map((one) => one?.text ?? "–");
      const told = texts.filter((_, number) => tells[number]);
      const line = table.appendChild(make("tr", told.some((text) => text !== told[0]) ? "differs" : ""));
      line.append(make("th", "", `d${lane}`));
      texts.forEach((text, number) => {
        const field = line.appendChild(make("td", stand[number]?.stage ?? "", text));
        field.title = text;
      });
    }
    at("states").replaceChildren(table);
  }

  // ---- what is shown of a box under the pointer or with the focus

  function tip(element) {
    for (const kin of document.querySelectorAll(".kin")) kin.classList.remove("kin");
    const about = element?.dataset.about;
    at("tip").hidden = !about;
    if (!about) return;
    const tip = at("tip");
    tip.textContent = about;
    const box = element.getBoundingClientRect(), own = tip.getBoundingClientRect();
    const below = box.bottom + 8 + own.height < innerHeight;
    place(tip, {
      left: Math.max(8, Math.min(box.left, innerWidth - own.width - 8)),
      top: Math.max(8, below ? box.bottom + 8 : box.top - own.height - 8),
    });
    if (!element.dataset.kin) return;
    for (const kin of document.querySelectorAll("[data-kin]")) {
      if (kin.dataset.kin === element.dataset.kin) kin.classList.add("kin");
    }
  }

  // ---- the beginning

  document.documentElement.classList.add("drawn");
  at("slider").max = Math.max(rows.length - 1, 0);
  at("to-difference").disabled = first === null;
  at("tick").hidden = first === null;
  if (first !== null) {
    // The thumb of a slider, some 16 pixels wide, doesn't go out at its ends.
    const part = rows.length > 1 ? first / (rows.length - 1) : 0;
    at("tick").style.left = `calc(8px + ${part} * (100% - 16px))`;
  }
  drawAll();
  step(now);

  const go = {
    "to-start": () => step(0),
    back: () => step(now - 1),
    next: () => step(now + 1),
    "to-end": () => step(rows.length - 1),
    "to-difference": () => step(first ?? now),
  };
  for (const [id, act] of Object.entries(go)) at(id).addEventListener("click", act);
  const keys = {
    ArrowLeft: go.back, ArrowUp: go.back, ArrowRight: go.next, ArrowDown: go.next,
    Home: go["to-start"], End: go["to-end"], d: go["to-difference"], Escape: () => tip(null),
  };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || !Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    keys[event.key]();
  });
  at("slider").addEventListener("input", (event) => step(Number(event.target.value)));
  at("picture").addEventListener("click", (event) => {
    const row = event.target.closest("[data-row]")?.dataset.row;
    if (row !== undefined) step(Number(row), false);
  });
  const about = (event) => event.target.closest?.("[data-about]") ?? null;
  at("picture").addEventListener("pointerover", (event) => tip(about(event)));
  at("picture").addEventListener("pointerleave", () => tip(null));
  at("picture").addEventListener("focusin", (event) => tip(about(event)));
  at("picture").addEventListener("focusout", () => tip(null));
  at("scroller").addEventListener("scroll", () => tip(null));
  at("theme").addEventListener("click", () => {
    const root = document.documentElement.style;
    const dark = root.colorScheme ? root.colorScheme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.colorScheme = dark ? "light" : "dark";
  });
  let width = innerWidth;
  addEventListener("resize", () => {
    if (width === innerWidth) return;
    width = innerWidth;
    drawAll();
    step(now);
  });
})();
