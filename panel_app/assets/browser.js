// What only the browser knows: its history, its keys, its theme. Shows nothing.
// What a window keeps over a reload, under this beginning; another window knows nothing of it.
const KEPT = "darkshelf:"

// Pieces of a page stand in shadow roots of their own.
function find(root, selector) {
  const found = root.querySelector(selector)
  if (found) return found
  for (const el of root.querySelectorAll("*")) {
    const inside = el.shadowRoot && find(el.shadowRoot, selector)
    if (inside) return inside
  }
  return null
}

// The row that keys act on is part of the address: it is there again after a reload and on the way back.
function remember(row) {
  const query = new URLSearchParams(window.location.search)
  query.set("case", row.dataset.case)
  window.history.replaceState({}, "", `${window.location.pathname}?${query}`)
}

function stepTo(row, step) {
  const rows = [...row.closest("tbody").querySelectorAll("tr[data-case]")]
  const current = rows.findIndex((each) => each.hasAttribute("aria-current"))
  const next = rows[current < 0 ? 0 : Math.min(Math.max(current + step, 0), rows.length - 1)]
  rows[current]?.removeAttribute("aria-current")
  next.setAttribute("aria-current", "true")
  next.focus({preventScroll: true})
  next.scrollIntoView({block: "nearest"})
  remember(next)
}

// A key does what the element that it is painted on does; a choice is made and its form sent.
function press(el) {
  if (el.closest("form")?.dataset.sent) return
  if (el.tagName === "OPTION") {
    const list = el.closest("select")
    list.value = el.value
    // Where a choice needs more words, they are asked for first.
    const further = list.form.querySelector(`[data-after="${CSS.escape(list.id)}"]`)
    if (further) further.focus()
    else send(list)
  } else if (el.matches("select, input, textarea")) {
    // A field that is folded away cannot be stood on.
    el.closest("details")?.setAttribute("open", "")
    el.focus()
  }
  else el.click()
}

function send(list) {
  list.form.requestSubmit(list.form.querySelector(`button[value="${CSS.escape(list.dataset.act)}"]`))
}

function pressed(event) {
  const at = event.composedPath()[0]
  const prefix = at.dataset?.prefix ?? ""
  const typing = at.closest?.("input, textarea, select, [contenteditable], [role=combobox], [role=listbox]")
  if (event.ctrlKey || event.metaKey || event.altKey || (typing && !prefix)) return false
  if (prefix && event.key === "Escape") return at.blur() ?? true
  if (prefix && event.key === "Enter" && !event.isComposing) return send(at) ?? true
  const named = find(document, `[data-keys~="${CSS.escape(prefix + event.key)}"]:not([disabled])`)
  if (named) {
    // Who holds a key down decides once.
    if (!event.repeat || named.tagName === "A") press(named)
    return true
  }
  const row = !prefix && find(document, "tr[data-case]")
  if (row && (event.key === "j" || event.key === "k")) return stepTo(row, event.key === "j" ? 1 : -1) ?? true
  const current = row && (at === document.body || at.matches("tr")) && find(document, "tr[data-case][aria-current]")
  if (current && event.key === "Enter") return current.querySelector("a").click() ?? true
  return false
}

export function render({model}) {
  const tell = (what) => model.send_msg(what)
  window.addEventListener("popstate", () => tell({moved: window.location.search}))
  window.addEventListener("keydown", (event) => {
    if (document.documentElement.dataset.ready && pressed(event)) event.preventDefault()
  })
  window.addEventListener("click", (event) => {
    const row = event.composedPath().find((el) => el.matches?.("tr[data-case]"))
    if (row) remember(row)
  }, true)
  model.on("msg:custom", ({data, ...rest}) => {
    const told = data ?? rest
    if (told.push !== undefined && told.push !== window.location.search) {
      window.history[told.replace ? "replaceState" : "pushState"]({}, "", window.location.pathname + told.push)
    }
    if (told.title !== undefined) document.title = told.title
    if (told.top) window.scrollTo({top: 0})
    if (told.theme) document.cookie = `darkshelf_theme=${told.theme}; path=/; max-age=31536000; samesite=lax${window.location.protocol === "https:" ? "; secure" : ""}`
    if (told.probe) {
      const tile = new Image()
      tile.onload = () => tell({reached: true})
      tile.src = told.probe
    }
    if (told.print) window.print()
    if (told.keep) window.sessionStorage.setItem(KEPT + told.keep, told.value)
  })
  requestAnimationFrame(() => requestAnimationFrame(() => {
    document.getElementById("first-paint")?.remove()
    delete document.documentElement.dataset.waiting
    document.documentElement.dataset.ready = "1"
  }))
  const kept = Object.entries(window.sessionStorage).filter(([key]) => key.startsWith(KEPT))
  tell({width: window.innerWidth, kept: Object.fromEntries(kept.map(([key, value]) => [key.slice(KEPT.length), value]))})
  const el = document.createElement("span")
  el.hidden = true
  return el
}
