// Shows that an answer is coming, after what the reader did; and that none will come, when the connection is lost.
const SHOW_AFTER_MS = 120
const SAY_AFTER_MS = 1000
const DOUBT_AFTER_MS = 20000
const DEEDS = ["pointerdown", "pointerup", "click", "keydown", "change", "submit", "popstate"]
const DEED_LASTS_MS = 1000

export function render({model, view}) {
  const page = document.documentElement
  const said = document.getElementById("waiting-said")
  const trouble = document.getElementById("waiting-trouble")
  let lastDeed = -Infinity
  let asking = false
  let open = false
  let more = false
  let timers = []

  const complain = (what) => {
    trouble.querySelector("span").textContent = what
    trouble.hidden = false
  }
  const ask = () => {
    open = true
    more = false
    asking = true
    model.send_msg({done: false})
    asking = false
    timers = [
      setTimeout(() => page.dataset.waiting = "1", SHOW_AFTER_MS),
      setTimeout(() => said.textContent = said.dataset.sayWorking, SAY_AFTER_MS),
      setTimeout(() => complain(trouble.dataset.saySlow), DOUBT_AFTER_MS),
    ]
  }
  const stop = () => {
    timers.forEach(clearTimeout)
    open = false
    delete page.dataset.waiting
    if (said.textContent === said.dataset.sayWorking) said.textContent = said.dataset.sayDone
  }

  // What the browser tells of its own accord, such as the sizes of charts, is nothing the reader waits for.
  for (const deed of DEEDS) window.addEventListener(deed, () => lastDeed = performance.now(), true)
  view.model.document.on_change(() => {
    if (asking || performance.now() - lastDeed > DEED_LASTS_MS) return
    if (open) more = true
    else ask()
  })
  model.on("msg:custom", () => {
    trouble.hidden = true
    stop()
    if (more) ask()
  })
  view.model.document.on_event("connection_lost", () => {
    stop()
    complain(trouble.dataset.sayLost)
  })
  trouble.querySelector("button").addEventListener("click", () => window.location.reload())
  const el = document.createElement("span")
  el.hidden = true
  return el
}
