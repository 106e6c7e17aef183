// What the document does before any component is there: numbers in the reader's form, then the components.
// Three megabytes of scripts keep the browser busy for some tenths of a second: the figures are painted before.
// Only what carries the nonce of this answer runs: what is made here inherits it.
const nonce = document.currentScript.nonce
async function loadComponents() {
  const parts = [...document.getElementById("components").content.querySelectorAll("script")]
  for (const {src} of parts) if (src) document.head.append(Object.assign(document.createElement("link"), {rel: "preload", as: "script", href: src, nonce}))
  for (const part of parts) {
    const script = document.createElement("script")
    for (const {name, value} of part.attributes) script.setAttribute(name, value)
    script.nonce = nonce
    script.textContent = part.textContent
    const loaded = part.src && new Promise((done) => script.onload = script.onerror = done)
    document.body.append(script)
    await loaded
  }
}

localise(document)
document.documentElement.dataset.waiting = "1"
// A page in the background is never painted: it does not wait.
if (document.hidden) loadComponents()
else requestAnimationFrame(() => setTimeout(loadComponents))
