
// One check at a time, and answers that wait in the browser until the server has them.
// Each has a key of its own and names what was painted: sent twice it is kept once, and never over somebody else's.
const KEPT = "darkshelf-answers"
const AGAIN_MS = 10000
const PATIENCE_MS = 30000
const PHOTO_QUALITY = 0.85
const LOGGED_OUT = 401
const UNAVAILABLE = 500

const body = document.body
const {store, run, user} = body.dataset
const cards = [...document.querySelectorAll("article.check")]
const links = [...document.querySelectorAll(".checks a")]
const said = document.getElementById("line-said")
const undo = document.getElementById("undo")
let sending = false
let last = null

// A text of the document in the language it is in.
const say = (name, ...values) => body.dataset[`say${name}`].replace(/\{(\d)\}/g, (_, place) => values[place - 1])
const waiting = () => JSON.parse(localStorage.getItem(KEPT) ?? "[]")
const cardOf = (sku) => cards.find((card) => card.dataset.sku === sku)
const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((each) => each.toString(16).padStart(2, "0")).join("")

function keep(entries) {
  localStorage.setItem(KEPT, JSON.stringify(entries))
}

// A browser that is full says so: the answer goes without its photo.
function add(entry) {
  try {
    keep([...waiting(), entry])
  } catch {
    keep([...waiting(), {...entry, photo: ""}])
    return ` ${say("NoRoom")}`
  }
  return ""
}

function show(card) {
  for (const each of cards) each.hidden = each !== card
  links.forEach((link, place) => link.parentElement.setAttribute("aria-current", String(cards[place] === card)))
  document.getElementById("all-done").hidden = card !== undefined
}

function next(card) {
  const place = cards.indexOf(card)
  return [...cards.slice(place + 1), ...cards.slice(0, place + 1)].find((each) => !each.dataset.answer)
}

function paint() {
  const answered = cards.filter((card) => card.dataset.answer).length
  document.getElementById("done").value = answered
  document.getElementById("tally").textContent = say("Tally", answered, cards.length)
  cards.forEach((card, place) => {
    links[place].nextElementSibling.textContent = card.dataset.answer || say("Open")
    const line = card.querySelector(".said")
    line.hidden = !card.dataset.answer && !card.dataset.trouble
    line.textContent = card.dataset.trouble || say("Answered", card.dataset.answer)
  })
  const left = waiting().filter((each) => each.user === user).length
  const how = left === 0 ? "" : say(left === 1 ? "Waits" : "Wait", left)
  said.textContent = [last?.text, how].filter(Boolean).join(" ")
  undo.hidden = !last?.key
  document.getElementById("line").hidden = !said.textContent
}

// What is on its way counts on the screen at once; its key is what the next act on the same card has seen.
function act(card, fields, text) {
  const key = newKey()
  const trouble = add({key, user, run, store, sku: card.dataset.sku, seen: card.dataset.seen, ...fields})
  card.dataset.trouble = ""
  return {key, text: text + trouble}
}

function answer(card, code, wording, fields) {
  const before = {seen: card.dataset.seen, key: card.dataset.key, answer: card.dataset.answer}
  const {key, text} = act(card, {answer: code, ...fields}, `${wording}.`)
  last = {key, text, card, before}
  Object.assign(card.dataset, {seen: key, key, answer: wording})
  show(next(card))
  paint()
  window.scrollTo({top: 0})
  send()
}

function takeBack() {
  const {card, key, before} = last
  last = {...act(card, {takes_back: key}, say("TakenBack")), key: ""}
  Object.assign(card.dataset, before)
  show(card)
  paint()
  send()
}

async function post(entry) {
  const form = new FormData()
  for (const [name, value] of Object.entries(entry)) if (name !== "photo" && name !== "user") form.append(name, value ?? "")
  if (entry.photo) form.append("photo", new Blob([Uint8Array.from(atob(entry.photo.split(",")[1]), (each) => each.charCodeAt(0))]), "photo.jpg")
  return fetch("store/answers", {method: "POST", body: form, signal: AbortSignal.timeout(PATIENCE_MS)})
}

function settle(entry, reply) {
  keep(waiting().filter((each) => each.key !== entry.key))
  const card = entry.store === store && entry.run === run ? cardOf(entry.sku) : undefined
  if (reply.week) {
    document.getElementById("week").innerHTML = reply.week
    localise(document.getElementById("week"))
  }
  const isLast = !waiting().some((each) => each.run === entry.run && each.store === entry.store && each.sku === entry.sku)
  if (card && isLast && reply.seen !== undefined) Object.assign(card.dataset, {seen: reply.seen, key: reply.key, answer: reply.answer ?? ""})
  if (reply.kind === "done") return
  last = {key: "", text: reply.text}
  if (!card) return
  if (reply.seen === undefined) card.dataset.answer = ""
  card.dataset.trouble = reply.text
  show(card)
}

async function send() {
  if (sending || !navigator.onLine) return
  sending = true
  try {
    for (let entry; (entry = waiting().find((each) => each.user === user));) {
      const reply = await post(entry)
      if (reply.status === LOGGED_OUT) {
        last = {key: "", text: say("LoggedOut")}
        break
      }
      if (reply.status >= UNAVAILABLE) break
      const told = reply.ok ? await reply.json() : {kind: "refused", text: say("Refused", reply.status)}
      settle(entry, told)
      paint()
    }
  } catch {
    // The line is gone in between: it stays in the browser, and is sent again.
  } finally {
    sending = false
    paint()
  }
}

// A photo as small as it is kept anyway; drawn anew, it holds nothing but its pixels.
async function shrunk(file) {
  const picture = await createImageBitmap(file)
  const scale = Math.min(1, Number(body.dataset.side) / Math.max(picture.width, picture.height))
  const canvas = Object.assign(document.createElement("canvas"), {width: Math.round(picture.width * scale), height: Math.round(picture.height * scale)})
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height)
  return canvas.toDataURL("image/jpeg", PHOTO_QUALITY)
}

async function scan(file) {
  const told = document.getElementById("scanned")
  try {
    const found = await new BarcodeDetector().detect(await createImageBitmap(file))
    const codes = found.map(({rawValue}) => rawValue)
    const card = cards.find(({dataset}) => codes.some((code) => code === dataset.sku || code.replace(/^0+/, "") === dataset.sku))
    if (card) show(card)
    told.textContent = card ? "" : codes.length ? say("NoCheck", codes.join(", ")) : say("NoBarcode")
  } catch {
    told.textContent = say("Unread")
  }
}

for (const card of cards) {
  const form = card.querySelector("form")
  form?.querySelector("[type=file]").addEventListener("change", ({target}) => {
    form.querySelector(".taken").hidden = target.files.length === 0
  })
  form?.addEventListener("submit", async (event) => {
    event.preventDefault()
    const {value, textContent} = event.submitter
    const [file] = form.photo.files
    let photo = ""
    try {
      photo = file ? await shrunk(file) : ""
    } catch {
      card.dataset.trouble = say("NoPhoto")
      form.photo.value = ""
      form.querySelector(".taken").hidden = true
      paint()
      return
    }
    answer(card, value, textContent, {counted: form.counted.value, note: form.note.value, photo})
    form.reset()
    form.querySelector(".taken").hidden = true
    form.querySelector("details").open = false
  })
}
links.forEach((link, place) => link.addEventListener("click", (event) => {
  event.preventDefault()
  show(cards[place])
  cards[place].querySelector("h2").focus()
  window.scrollTo({top: 0})
}))
undo.addEventListener("click", takeBack)
if ("BarcodeDetector" in window && cards.length) {
  document.getElementById("scan").hidden = false
  document.getElementById("barcode").addEventListener("change", ({target}) => target.files[0] && scan(target.files[0]))
}
localise(document)
if (cards.length) {
  // What was answered before the page was loaded anew is on its way still.
  for (const entry of waiting().filter((each) => each.user === user && each.run === run && each.store === store)) {
    const card = cardOf(entry.sku)
    const wording = card?.querySelector(`button[value="${CSS.escape(entry.answer ?? "")}"]`)?.textContent ?? ""
    if (card) Object.assign(card.dataset, entry.takes_back ? {answer: ""} : {seen: entry.key, key: entry.key, answer: wording})
  }
  show(next(cards[cards.length - 1]))
  paint()
}
window.addEventListener("online", send)
setInterval(send, AGAIN_MS)
send()
