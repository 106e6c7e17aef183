// Draws a chart from its description, in the colours of the page; tells what of it is looked at and what is clicked.
const REST_MS = 100

function colour(doc, el) {
  const style = getComputedStyle(el)
  const of = (name) => style.getPropertyValue(`--mui-palette-${name}`)
  const [soft, line] = [of("text-secondary"), of("divider")]
  for (const model of doc.all_models) {
    if (model.type.endsWith("Axis")) model.setv({major_label_text_color: soft, major_label_text_font: style.fontFamily})
    else if (model.type.endsWith("Grid") && model.grid_line_color !== null) model.setv({grid_line_color: line})
  }
}

function put(doc, columns) {
  for (const model of doc.all_models) {
    if (!(model.name in columns)) continue
    model.selected.indices = []
    model.data = columns[model.name]
  }
}

function listen(doc, model) {
  const [figure] = doc.roots()
  let resting
  const moved = () => {
    clearTimeout(resting)
    const {x_range: x, y_range: y} = figure
    resting = setTimeout(() => model.send_msg({moved: [x.start, x.end, y.start, y.end]}), REST_MS)
  }
  for (const range of [figure.x_range, figure.y_range]) for (const end of ["start", "end"]) range.properties[end].change.connect(moved)
  for (const {type, name, selected} of doc.all_models) {
    if (type === "ColumnDataSource" && name) selected.change.connect(() => selected.indices.length && model.send_msg({tapped: selected.indices[0]}))
  }
}

async function embedded(item, el) {
  try {
    const views = await window.Bokeh.embed.embed_item(JSON.parse(item), el)
    return views.roots[0].model.document
  } catch (error) {
    // The reader may go on while it is being drawn.
    if (el.isConnected) throw error
    return null
  }
}

export function render({model}) {
  const el = document.createElement("div")
  el.style.width = "100%"
  let doc = null
  const look = new MutationObserver(() => doc && colour(doc, el))
  const clear = () => {
    doc?.clear()
    doc = null
  }
  const draw = async () => {
    clear()
    if (!model.item || !el.isConnected) return
    const drawn = model.item
    const made = await embedded(drawn, el)
    // Another one was asked for meanwhile, or the reader went on.
    if (!made || drawn !== model.item || !el.isConnected) return made?.clear()
    doc = made
    colour(doc, el)
    if (model.is_live) listen(doc, model)
  }
  model.on("item", draw)
  model.on("columns", () => doc && put(doc, model.columns))
  model.on("after_render", draw)
  model.on("remove", () => {
    look.disconnect()
    clear()
  })
  // The theme is a style sheet of the page, which is written anew when the reader takes the other one.
  look.observe(document.head, {subtree: true, childList: true, characterData: true})
  return el
}
