// Draws the HTML of a piece, writes its numbers in the reader's locale, and tells the session what was pressed.
export function localise(root) {
  const locale = readersLocale()
  const forms = {
    count: () => ({maximumFractionDigits: 0}),
    number: (d) => ({minimumFractionDigits: d, maximumFractionDigits: d}),
    percent: (d) => ({style: "percent", minimumFractionDigits: d, maximumFractionDigits: d}),
    money: (d, v) => ({maximumFractionDigits: Math.abs(v) >= 1000 ? 0 : 2, minimumFractionDigits: Math.abs(v) >= 1000 ? 0 : 2}),
    short: (d, v) => Math.abs(v) >= 1e7 ? {notation: "compact", maximumFractionDigits: 1} : {maximumFractionDigits: 0},
  }
  // As the texts of a run round, ties going up: `half_up` of `engine/stats.py`, the same arithmetic.
  const halfUp = (value, digits) => Math.floor(value * 10 ** digits + 0.5 + 1e-9) / 10 ** digits
  const rounded = {number: halfUp, percent: (value, digits) => halfUp(100 * value, digits) / 100}
  for (const el of root.querySelectorAll("data.number")) {
    const told = Number(el.getAttribute("value"))
    const value = rounded[el.dataset.form]?.(told, Number(el.dataset.digits || 0)) ?? told
    const form = forms[el.dataset.form](Number(el.dataset.digits || 0), value)
    const {currency} = el.dataset
    el.textContent = currency === undefined
      ? new Intl.NumberFormat(locale, form).format(value)
      : writeMoney(locale, currency, form, value)
    if (el.dataset.form === "short") el.title = writeMoney(locale, currency, {}, value)
  }
  for (const el of root.querySelectorAll("time.day")) {
    const [y, m, d] = el.getAttribute("datetime").split("-").map(Number)
    el.textContent = new Intl.DateTimeFormat(locale, {dateStyle: "medium", timeZone: "UTC"}).format(Date.UTC(y, m - 1, d))
  }
}

function readersLocale() {
  return document.documentElement.dataset.locale || navigator.language
}

// The form is the reader's and the sign the run's, which no code of a currency stands for: it takes a code's place.
function writeMoney(locale, sign, form, value) {
  const parts = new Intl.NumberFormat(locale, {style: "currency", currency: "USD", ...form}).formatToParts(value)
  return parts.map((part) => part.type === "currency" ? sign : part.value).join("")
}

// A slider goes through amounts that are far from even: it sends the amount, and says it as money.
function stopOf(slider) {
  return slider.dataset.stops?.split(" ")[Number(slider.value)]
}

function tellStop(root, slider) {
  const amount = stopOf(slider)
  if (amount === undefined) return
  const words = writeMoney(readersLocale(), slider.dataset.currency, {maximumFractionDigits: 0}, Number(amount))
  root.querySelector(`#${CSS.escape(slider.dataset.told)}`).textContent = words
  slider.setAttribute("aria-valuetext", words)
}

const SENT_LASTS_MS = 1500
const MOST_FRAMES = 60

function listen(root, model) {
  root.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="?"]')
    if (link && event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault()
      model.send_msg({go: link.getAttribute("href")})
      return
    }
    const row = event.target.closest("tr[data-href]")
    if (row && !event.target.closest("a, button, input, label")) {
      model.send_msg({go: row.dataset.href})
      return
    }
    const pressed = event.target.closest("button[data-do]")
    if (pressed) model.send_msg({do: pressed.dataset.do, value: pressed.dataset.value || ""})
  })
  root.addEventListener("change", (event) => {
    const told = event.target.closest("[data-do]")
    if (!told || told.tagName === "BUTTON") return
    const value = told.type === "checkbox" ? `${told.checked ? "+" : "-"}${told.dataset.value || ""}` : stopOf(told) ?? told.value
    model.send_msg({do: told.dataset.do, value})
  })
  root.addEventListener("input", (event) => tellStop(root, event.target))
  root.addEventListener("submit", (event) => {
    const form = event.target
    // A form with an address of its own, such as that of the logout, is the browser's business.
    if (form.dataset.send === undefined) return
    event.preventDefault()
    const fields = Object.fromEntries(new FormData(form, event.submitter))
    if (form.dataset.of === "row") {
      const row = root.querySelector("tr[aria-current]")
      if (!row) return
      Object.assign(fields, {subject: row.dataset.case, version: row.dataset.version})
    }
    // Sent twice before the answer is painted, an act would be its own conflict.
    form.dataset.sent = "1"
    setTimeout(() => delete form.dataset.sent, SENT_LASTS_MS)
    model.send_msg({send: form.dataset.send, fields})
  })
}

// What a reader typed, opened or stands on stays when others' decisions are painted into the same piece.
function keep(root) {
  const typed = [...root.querySelectorAll("input[id]:not([type=hidden], [type=checkbox], [type=radio]), textarea[id], select[id]")].filter(isChanged)
  const fields = typed.map(({id, value}) => ({id, value}))
  const subject = root.querySelector("[data-subject]")?.dataset.subject
  const sent = root.querySelector("form[data-sent]") !== null
  const opened = [...root.querySelectorAll("details")].map(({open}) => open)
  const focused = root.getRootNode().activeElement
  const row = root.querySelector("tr[aria-current]")
  const moves = root.querySelector("[data-moves]")?.dataset.moves
  return () => {
    if (!sent && subject === root.querySelector("[data-subject]")?.dataset.subject) {
      for (const {id, value} of fields) {
        const field = root.querySelector(`#${CSS.escape(id)}`)
        if (field) field.value = value
      }
    }
    const details = [...root.querySelectorAll("details")]
    if (details.length === opened.length) details.forEach((each, place) => each.open = opened[place])
    const rows = [...root.querySelectorAll("tr[data-case]")]
    const painted = rows.find((each) => each.hasAttribute("aria-current"))
    const stoodOn = rows.find((each) => each.dataset.case === row?.dataset.case)
    // The reader's own step is younger than what others' decisions are painted with.
    const stays = stoodOn && moves === root.querySelector("[data-moves]")?.dataset.moves
    const current = stays ? stoodOn : painted ?? stoodOn
    painted?.removeAttribute("aria-current")
    current?.setAttribute("aria-current", "true")
    const again = focused?.id ? root.querySelector(`#${CSS.escape(focused.id)}`) : null
    // Who fills in a field goes on: on the row, what is typed would be commands. Who sent it stands on a row again.
    const fillsIn = !sent && stays && again?.closest("[data-of=row]")
    if (focused?.closest("tr, [data-of=row]") && current && !fillsIn) current.focus({preventScroll: true})
    else again?.focus()
  }
}

// A piece that was hidden until now has no place on the screen for some frames.
function bringIntoSight(el, frames) {
  if (el.offsetHeight) el.scrollIntoView({block: "nearest"})
  if (frames > 0 && !el.offsetHeight) requestAnimationFrame(() => bringIntoSight(el, frames - 1))
}

function isChanged(field) {
  if (field.tagName === "SELECT") return field.dataset.do === undefined && [...field.options].some((each) => each.selected !== each.defaultSelected)
  return field.value !== field.defaultValue
}

// A menu wider than a phone shows where the reader is.
function showCurrent(root) {
  const list = root.querySelector(".menu ul")
  const current = list?.querySelector("[aria-current]")
  if (current) list.scrollLeft = current.offsetLeft - list.offsetLeft - (list.clientWidth - current.offsetWidth) / 2
}

// The look of every piece is that of the document: read once and shared, not sent with each of them.
function look() {
  if (!window.darkshelfLook) {
    window.darkshelfLook = new CSSStyleSheet()
    window.darkshelfLook.replaceSync(document.getElementById("page-css").textContent)
  }
  return window.darkshelfLook
}

export function render({model, view}) {
  view.shadow_el.adoptedStyleSheets.push(look())
  const root = document.createElement("div")
  root.className = "piece"
  const draw = () => {
    const revealed = root.querySelector("[data-reveal]")?.dataset.reveal
    const moves = root.querySelector("[data-moves]")?.dataset.moves
    const restore = keep(root)
    root.innerHTML = model.html
    localise(root)
    root.querySelectorAll("[data-stops]").forEach((slider) => tellStop(root, slider))
    showCurrent(root)
    restore()
    if (root.querySelector("[data-moves]")?.dataset.moves !== moves) root.querySelector("tr[aria-current]")?.scrollIntoView({block: "nearest"})
    // What was opened beside or above a long table is brought into sight.
    const reveal = root.querySelector("[data-reveal]")
    if (reveal && reveal.dataset.reveal !== revealed) bringIntoSight(reveal, MOST_FRAMES)
  }
  draw()
  if (root.querySelector("tr[aria-current]")) requestAnimationFrame(() => root.querySelector("tr[aria-current]")?.scrollIntoView({block: "nearest"}))
  // A piece is drawn before it is on the screen, where it gets a width.
  if (root.querySelector(".menu")) new ResizeObserver(() => showCurrent(root)).observe(root)
  model.on("html", draw)
  listen(root, model)
  return root
}
