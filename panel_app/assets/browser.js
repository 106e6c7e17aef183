// What only the browser knows: its history, its keys, its theme. Shows nothing.
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

export function render({model}) {
  const tell = (what) => model.send_msg(what)
  const typing = (el) => el?.closest?.("input, textarea, select, [contenteditable], [role=combobox], [role=listbox]")
  window.addEventListener("popstate", () => tell({moved: window.location.search}))
  window.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.composedPath()[0])) return
    if (event.key === "ArrowRight" || event.key === "ArrowLeft" || event.key.length === 1) tell({key: event.key})
  })
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
    if (told.focus) find(document, `#${CSS.escape(told.focus)}`)?.focus()
    if (told.print) window.print()
  })
  requestAnimationFrame(() => requestAnimationFrame(() => {
    document.getElementById("first-paint")?.remove()
    delete document.documentElement.dataset.waiting
    document.documentElement.dataset.ready = "1"
  }))
  tell({width: window.innerWidth})
  const el = document.createElement("span")
  el.hidden = true
  return el
}
