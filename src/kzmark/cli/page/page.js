"use strict";
// Everything here comes from strangers: it is only ever set as text, never as markup.
(() => {
  const ORDER = ["not-compliant", "not-read", "undetermined", "compliant"]; // worst first
  const SIGNS = { compliant: "✓", "not-compliant": "✕", undetermined: "?", "not-read": "!", met: "✓", "not-met": "✕", unknown: "?" };
  const COLOURS = { met: "compliant", "not-met": "not-compliant", unknown: "undetermined", present: "compliant", broken: "not-compliant", unchecked: "undetermined", absent: "not-read" };
  const SORTS = ["worst", "name", "reason", "format", "found"];
  const AROUND = 8; // rows drawn beyond the edges of the window
  const at = (id) => document.getElementById(id);
  const parsed = (id) => JSON.parse(at(id).textContent);
  const totals = parsed("totals");
  const dictionary = parsed("words");
  const state = { verdict: "", reason: "", text: "", order: "worst", language: "en", open: -1 };
  let words = dictionary.en;
  let shown = [];

  const say = (word, fallback = word) => words[word] ?? dictionary.en[word] ?? fallback;
  const fill = (word, values) => say(word).replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const locale = () => (state.language === "kk" ? "ru" : state.language); // many browsers lack Kazakh; figures are the same
  const number = (value) => value.toLocaleString(locale());

  /** Make an element: its class, its text or children. */
  function make(tag, kind = "", ...inside) {
    const made = document.createElement(tag);
    if (kind) made.className = kind;
    made.append(...inside);
    return made;
  }

  // ---- the files -----------------------------------------------------------------------------

  /** Return every row; what many rows share stands once, in a list that the blocks make longer. */
  function gathered() {
    const shared = [];
    const whole = (one) => (typeof one === "number" ? shared[one] : one);
    const found = [];
    for (const script of document.querySelectorAll("script.block")) {
      const block = JSON.parse(script.textContent);
      shared.push(...block.shared);
      const pictures = { script: script.nextElementSibling, lines: null };
      block.rows.forEach((row, place) => {
        const [source, sha256, format, medium, verdict, reason, mark, findings, evidence] = row;
        const cut = Math.max(source.lastIndexOf("/"), source.lastIndexOf("\\")) + 1;
        found.push({
          source, sha256, format, medium, verdict, reason, pictures, place, index: found.length,
          name: source.slice(cut) || source, folder: source.slice(0, cut),
          mark: mark && mark.map(whole), findings: findings.map(whole), evidence: evidence.map(whole),
        });
      });
    }
    return found;
  }

  function folded(text) {
    return text.normalize("NFC").toLowerCase();
  }

  function picture(row) {
    const { pictures } = row;
    pictures.lines ??= pictures.script.textContent.split("\n");
    return pictures.lines[row.place + 1]; // the text begins with the end of a line
  }

  /** Return the folder that all files are in; it stands above the list once. */
  function rooted() {
    let common = all[0]?.folder ?? "";
    for (const { folder } of all) {
      while (!folder.startsWith(common)) common = common.slice(0, Math.max(common.lastIndexOf("/", common.length - 2), common.lastIndexOf("\\", common.length - 2)) + 1);
    }
    return common;
  }

  const all = gathered();
  const root = rooted();
  all.forEach((row) => {
    row.worst = ORDER.indexOf(row.verdict);
    row.below = row.folder.slice(root.length);
    row.folded = folded(row.below + row.name);
  });
  const collator = new Intl.Collator(undefined, { numeric: true });
  // one comparison of names for all the orders: comparing places is a hundred times faster
  [...all].sort((a, b) => collator.compare(a.source, b.source)).forEach((row, place) => { row.rank = place; });

  const comparisons = {
    worst: (a, b) => a.worst - b.worst || a.rank - b.rank,
    name: (a, b) => a.rank - b.rank,
    reason: (a, b) => (a.reason < b.reason ? -1 : a.reason > b.reason ? 1 : a.rank - b.rank),
    format: (a, b) => (a.format < b.format ? -1 : a.format > b.format ? 1 : a.rank - b.rank),
    found: (a, b) => a.index - b.index,
  };

  function select() {
    const text = folded(state.text.trim());
    shown = all.filter((row) =>
      (!state.verdict || row.verdict === state.verdict)
      && (!state.reason || row.reason === state.reason)
      && (!text || row.folded.includes(text)));
    shown.sort(comparisons[state.order]);
    at("shown").textContent = fill("shown", { shown: number(shown.length), total: number(all.length) });
    at("none").hidden = shown.length > 0;
    at("table").hidden = !shown.length;
    at("table").setAttribute("aria-rowcount", shown.length + 1);
    draw(true);
  }

  // ---- the list: only the rows near the window are in the document ----------------------------

  const list = at("rows");
  let drawn = [0, 0];
  let height = 84;

  function draw(anew = false) {
    const top = list.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(-top / height) - AROUND);
    const last = Math.min(shown.length, Math.ceil((innerHeight - top) / height) + AROUND);
    if (!anew && first === drawn[0] && last === drawn[1]) return;
    const held = list.contains(document.activeElement) ? Number(document.activeElement.dataset.place) : -1;
    drawn = [first, Math.max(first, last)];
    list.style.paddingTop = `${first * height}px`;
    list.style.paddingBottom = `${Math.max(0, shown.length - drawn[1]) * height}px`;
    list.replaceChildren(...shown.slice(...drawn).map((row, place) => line(row, first + place)));
    if (held >= first && held < last) focus(held);
  }

  function line(row, place) {
    const name = make("button", "name", row.name);
    name.type = "button";
    name.title = row.source;
    name.dataset.place = place;
    const missing = row.findings.filter((finding) => finding[1] !== "met");
    const said = make("div", missing.length ? "said" : "said met", [...new Set((missing.length ? missing : row.findings).map((finding) => finding[3]))].join("; "));
    said.lang = "en";
    const cells = [
      thumbnail(row),
      make("div", "", name, make("div", "folder soft", row.below)),
      make("div", "", pill(row.verdict), make("div", "reason", say(row.reason))),
      said,
      make("div", "format", row.format),
    ];
    cells.forEach((cell) => cell.setAttribute("role", "cell"));
    const made = make("div", `row ${row.verdict}`, ...cells);
    made.setAttribute("role", "row");
    made.setAttribute("aria-rowindex", place + 2);
    made.dataset.place = place;
    return made;
  }

  function pill(verdict) {
    return make("span", `pill ${verdict}`, `${SIGNS[verdict]} ${say(verdict)}`);
  }

  function thumbnail(row) {
    const data = picture(row);
    const made = make("div", "thumb");
    if (data) {
      const image = make("img");
      image.alt = "";
      image.decoding = "async";
      image.src = `data:image/jpeg;base64,${data}`;
      made.append(image);
    } else {
      made.append(row.format || "–");
    }
    return made;
  }

  function focus(place) {
    list.querySelector(`.name[data-place="${place}"]`)?.focus({ preventScroll: true });
  }

  function reach(place) {
    const to = Math.min(shown.length - 1, Math.max(0, place));
    const top = list.getBoundingClientRect().top + to * height;
    const covered = document.querySelector(".tools").offsetHeight;
    if (top < covered) scrollBy(0, top - covered - 4);
    else if (top + height > innerHeight) scrollBy(0, top + height - innerHeight + 4);
    draw();
    focus(to);
  }

  list.addEventListener("click", (event) => {
    const row = event.target.closest(".row");
    if (row && getSelection().isCollapsed) open(Number(row.dataset.place));
  });
  list.addEventListener("keydown", (event) => {
    const place = Number(event.target.dataset.place);
    const page = Math.max(1, Math.floor(innerHeight / height) - 2);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    if (Number.isNaN(place) || !(event.key in steps)) return;
    event.preventDefault();
    reach(place + steps[event.key]);
  });

  // ---- the card of one file -------------------------------------------------------------------

  const card = at("card");

  function open(place) {
    const row = shown[place];
    if (!row) return;
    state.open = place;
    at("before").disabled = place === 0;
    at("after").disabled = place === shown.length - 1;
    at("place").textContent = fill("place", { place: number(place + 1), total: number(shown.length) });
    at("card-body").replaceChildren(...parts(row));
    if (!card.open) card.showModal();
    card.scrollTop = 0;
    remember();
  }

  function parts(row) {
    const name = make("h2", "", row.name);
    name.id = "card-name";
    const facts = [["folder", row.folder], ["format", [row.format, row.medium].filter(Boolean).join(", ")], ["SHA-256", row.sha256]];
    const made = [make("div", "face", thumbnail(row), make("div", "", name, make("p", "", pill(row.verdict), " ", make("span", "soft", say(row.reason))), pairs(facts)))];
    if (row.findings.length) made.push(title("findings"), ...row.findings.map(finding));
    if (row.mark) made.push(title("mark"), pairs(row.mark.flatMap(([key, value]) => flat(key, value))));
    if (row.evidence.length) made.push(title("evidence"), layers(row.evidence));
    return made;
  }

  const title = (word) => make("h2", "", say(word));

  function finding([clause, outcome, code, message]) {
    const words = make("div", "", make("div", "", message), make("small", "", [clause, code].filter(Boolean).join(" · ")));
    words.lang = "en";
    const sign = make("b", "", make("span", "", SIGNS[outcome] ?? "?"));
    sign.setAttribute("role", "img");
    sign.setAttribute("aria-label", say(outcome));
    return make("div", `finding ${COLOURS[outcome] ?? ""}`, sign, words);
  }

  function layers(evidence) {
    const head = make("tr", "", ...["layer", "status", "basis", "detail"].map((word) => make("th", "", say(word))));
    const lines = evidence.map(([layer, status, basis, code, detail]) => {
      const name = make("th", "", layer);
      name.scope = "row";
      const said = make("td", "", detail, code ? make("div", "", make("small", "", code)) : "");
      said.lang = "en";
      return make("tr", COLOURS[status] ?? "", name, make("td", "word", say(status)), make("td", "basis", say(basis)), said);
    });
    return make("table", "layers", make("thead", "", head), make("tbody", "", ...lines));
  }

  function pairs(facts) {
    const made = make("dl");
    for (const [key, value] of facts) {
      if (value) made.append(make("dt", "", say(key)), make("dd", "", key === "SHA-256" || key === "mark_id" ? make("code", "", value) : value));
    }
    return made;
  }

  /** Spell a value of the record: objects become one line each, lists stand on one line. */
  function flat(key, value) {
    if (Array.isArray(value)) return [[key, value.map((one) => (typeof one === "object" ? JSON.stringify(one) : String(one))).join("; ")]];
    if (value && typeof value === "object") return Object.entries(value).flatMap(([name, one]) => flat(`${key}.${name}`, one));
    return [[key, String(value)]];
  }

  at("before").addEventListener("click", () => open(state.open - 1));
  at("after").addEventListener("click", () => open(state.open + 1));
  card.addEventListener("click", (event) => { if (event.target === card) card.close(); });
  card.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, k: -1, j: 1 }[event.key];
    if (step) open(state.open + step);
  });
  card.addEventListener("close", () => {
    const place = state.open;
    state.open = -1;
    remember();
    reach(place);
  });

  // ---- filters --------------------------------------------------------------------------------

  const count = (of, key) => of.reduce((sums, row) => sums.set(row[key], (sums.get(row[key]) ?? 0) + 1), new Map());

  function tiles() {
    const counts = count(all, "verdict");
    const kinds = ["", "compliant", "not-compliant", "undetermined", "not-read"].filter((kind) => !kind || counts.has(kind));
    const buttons = kinds.map((kind) => {
      const made = make("button", kind || "all", make("b", "", number(kind ? counts.get(kind) : all.length)), make("span", "", say(kind || "all")));
      return pressing(made, "verdict", kind);
    });
    at("verdicts").replaceChildren(...buttons);
    at("share").replaceChildren(...kinds.filter(Boolean).map((kind) => {
      const part = make("i", kind);
      part.style.flex = String(counts.get(kind));
      return part;
    }));
    at("share").setAttribute("aria-label", kinds.filter(Boolean).map((kind) => `${say(kind)}: ${number(counts.get(kind))}`).join(", "));
  }

  function chips() {
    const within = state.verdict ? all.filter((row) => row.verdict === state.verdict) : all;
    const counts = [...count(within, "reason")].sort((a, b) => b[1] - a[1]);
    if (state.reason && !counts.some(([reason]) => reason === state.reason)) state.reason = "";
    const buttons = counts.map(([reason, sum]) => pressing(make("button", "", say(reason), make("b", "", number(sum))), "reason", reason));
    at("reasons").replaceChildren(...(counts.length > 1 ? buttons : []));
  }

  /** Make a button that sets a filter, and lifts it when it is pressed again. */
  function pressing(button, key, value) {
    button.type = "button";
    button.dataset.value = value;
    button.setAttribute("aria-pressed", String(state[key] === value));
    button.addEventListener("click", () => {
      state[key] = state[key] === value ? "" : value;
      refresh();
      at(key === "verdict" ? "verdicts" : "reasons").querySelector(`[data-value="${value}"]`)?.focus();
    });
    return button;
  }

  function refresh() {
    tiles();
    chips();
    select();
    remember();
  }

  let waiting = 0;
  at("search").addEventListener("input", (event) => {
    state.text = event.target.value;
    clearTimeout(waiting);
    waiting = setTimeout(() => { select(); remember(); }, 80);
  });
  at("order").addEventListener("change", (event) => { state.order = event.target.value; select(); remember(); });
  at("language").addEventListener("change", (event) => { speak(event.target.value); refresh(); });
  addEventListener("keydown", (event) => {
    if (event.key !== "/" || card.open || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches?.("input, select")) return;
    event.preventDefault();
    at("search").focus();
  });

  // ---- CSV of what is shown ---------------------------------------------------------------------

  /** Quote a field; one that a spreadsheet would run as a formula begins with an apostrophe. */
  function field(value) {
    const text = String(value ?? "");
    const safe = /^\s*[=+\-@＝＋－＠]|^[\t\r\n]/u.test(text) ? `'${text}` : text;
    return `"${safe.replaceAll('"', '""')}"`;
  }

  function csv(rows) {
    // where the decimal sign is a comma, spreadsheets part columns by semicolons
    const separator = (1.5).toLocaleString(locale()).includes(",") ? ";" : ",";
    const said = (row, key) => row.mark?.find(([name]) => name === key)?.[1] ?? "";
    const columns = {
      file: (row) => row.source, sha256: (row) => row.sha256, format: (row) => row.format, medium: (row) => row.medium,
      verdict: (row) => row.verdict, reason: (row) => row.reason,
      missing: (row) => [...new Set(row.findings.filter((one) => one[1] !== "met").map((one) => one[2]))].join(" "),
      findings: (row) => row.findings.map((one) => `${one[1]}: ${one[3]}`).join("; "),
      mark_id: (row) => said(row, "mark_id"), created: (row) => said(row, "created"),
      system: (row) => [said(row, "system").name, said(row, "system").version].filter(Boolean).join(" "),
      responsible: (row) => said(row, "responsible").name,
    };
    const lines = [Object.keys(columns), ...rows.map((row) => Object.values(columns).map((value) => value(row)))];
    return `\uFEFF${lines.map((cells) => cells.map(field).join(separator)).join("\r\n")}\r\n`;
  }

  at("export").addEventListener("click", () => {
    const link = make("a");
    link.href = URL.createObjectURL(new Blob([csv(shown)], { type: "text/csv;charset=utf-8" }));
    link.download = "kzmark-report.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  });

  // ---- words, address, print --------------------------------------------------------------------

  function speak(language) {
    state.language = language in dictionary ? language : "en";
    words = dictionary[state.language];
    document.documentElement.lang = state.language;
    at("language").value = state.language;
    for (const one of document.querySelectorAll("[data-word]")) one.textContent = say(one.dataset.word);
    for (const one of document.querySelectorAll("[data-word-label]")) one.setAttribute("aria-label", say(one.dataset.wordLabel));
    for (const one of document.querySelectorAll("[data-word-hint]")) one.placeholder = say(one.dataset.wordHint);
    for (const one of document.querySelectorAll("[data-word-title]")) one.title = say(one.dataset.wordTitle);
    at("order").replaceChildren(...SORTS.map((order) => new Option(say(`order.${order}`), order, false, order === state.order)));
    at("headline").textContent = fill("headline", { good: number(totals.verdicts.compliant ?? 0), total: number(totals.total) });
    at("about").textContent = [totals.policy, new Date(totals.made).toLocaleString(locale(), { dateStyle: state.language === "kk" ? "short" : "long", timeStyle: "short" }), `kzmark ${totals.version}`, root].filter(Boolean).join(" · ");
    at("interrupted").hidden = totals.whole;
    at("interrupted").textContent = totals.left ? fill("interrupted", { left: number(totals.left) }) : say("stopped");
  }

  /** Keep what is filtered in the address, so that it can be passed on and survives a reload. */
  function remember() {
    const kept = new URLSearchParams();
    for (const key of ["verdict", "reason", "text"]) if (state[key]) kept.set(key, state[key]);
    if (state.order !== "worst") kept.set("order", state.order);
    if (state.open >= 0) kept.set("open", shown[state.open].index);
    try { history.replaceState(null, "", kept.size ? `#${kept}` : location.pathname + location.search); } catch { /* a viewer without addresses */ }
  }

  function recall() {
    const kept = new URLSearchParams(location.hash.slice(1));
    for (const key of ["verdict", "reason", "text"]) state[key] = kept.get(key) ?? "";
    if (SORTS.includes(kept.get("order"))) state.order = kept.get("order");
    at("search").value = state.text;
    return kept.has("open") ? Number(kept.get("open")) : -1;
  }

  function measure() {
    height = Number.parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--row")) || height;
    draw(true);
  }

  addEventListener("scroll", () => draw(), { passive: true });
  addEventListener("resize", measure);
  addEventListener("beforeprint", () => {
    list.style.paddingTop = list.style.paddingBottom = "0";
    list.replaceChildren(...shown.map(line));
  });
  addEventListener("afterprint", () => draw(true));

  const wanted = recall();
  speak((navigator.languages ?? []).map((one) => one.slice(0, 2)).find((one) => one in dictionary) ?? "en");
  refresh();
  measure();
  if (wanted >= 0) open(shown.findIndex((row) => row.index === wanted));
  document.documentElement.dataset.ready = String(Math.round(performance.now()));
})();
