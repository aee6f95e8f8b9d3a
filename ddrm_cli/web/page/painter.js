// Paints what is missing over a photo, in the photo's own pixels: strokes are shapes, and become a
// picture only when the mask is asked for.

const {
  CanvasRenderer, Color4, Editor, Erase, EditorEventType, Mat33, PanZoomMode, PanZoomTool, PenTool,
  Rect2, ToolEnabledGroup, UndoRedoShortcut, Vec2, Viewport, makeFilledRectangleBuilder,
  makePolylineBuilder,
} = jsdraw;

const LARGEST_CURSOR = 120; // pixels; browsers show none beyond 128

export class Painter {
  // Inside `host`, which must be shown by now; `changed` is told after each stroke.
  constructor(host, address, width, height, changed) {
    this.size = Vec2.of(width, height);
    this.host = host;
    this.picture = new Image();
    this.picture.src = address;
    this.picture.alt = "";
    const editor = new Editor(host, { wheelEventsEnabled: true, minZoom: 0.001, maxZoom: 100 });
    this.editor = editor;
    editor.getRootElement().prepend(this.picture);
    editor.setImportExportRect(new Rect2(0, 0, width, height)).apply(editor);
    this.pen = new PenTool(editor, "Brush", { color: Color4.ofRGB(1, 0, 0.6) });
    this.pen.setPressureSensitivityEnabled(false);
    this.hand = new PanZoomTool(
      editor, PanZoomMode.SinglePointerGestures | PanZoomMode.RotationLocked, "Move");
    const fingers = new PanZoomTool(
      editor,
      PanZoomMode.TwoFingerTouchGestures | PanZoomMode.RightClickDrags | PanZoomMode.Keyboard
        | PanZoomMode.RotationLocked,
      "Zoom");
    const group = new ToolEnabledGroup();
    for (const tool of [this.pen, this.hand]) tool.setToolGroup(group);
    editor.toolController.setTools(
      [fingers, this.pen, this.hand, new UndoRedoShortcut(editor)], group);
    editor.notifier.on(EditorEventType.ViewportChanged, () => this.follow());
    for (const event of [EditorEventType.CommandDone, EditorEventType.CommandUndone]) {
      editor.notifier.on(event, changed);
    }
    this.use("brush");
    this.fit();
  }

  // The photo lies below the strokes, and moves with them.
  follow() {
    const { a1, a2, a3, b1, b2, b3 } = this.editor.viewport.canvasToScreenTransform;
    this.picture.style.transform = `matrix(${a1}, ${b1}, ${a2}, ${b2}, ${a3}, ${b3})`;
    this.thicken();
  }

  fit() {
    const room = this.editor.viewport.getScreenRectSize();
    const scale = Math.min(room.x / this.size.x, room.y / this.size.y);
    const rest = room.minus(this.size.times(scale)).times(0.5);
    this.editor.viewport.resetTransform(Mat33.translation(rest).rightMul(Mat33.scaling2D(scale)));
    this.editor.queueRerender();
  }

  zoom(times) {
    const center = this.editor.viewport.visibleRect.center;
    Viewport.transformBy(Mat33.scaling2D(times, center)).apply(this.editor);
  }

  // "brush", "rectangle" or "move".
  use(tool) {
    const drawing = tool === "move" ? this.hand : this.pen;
    this.pen.setStrokeFactory(
      tool === "rectangle" ? makeFilledRectangleBuilder : makePolylineBuilder);
    this.tool = tool;
    drawing.setEnabled(true);
    this.thicken();
  }

  // How wide the brush is, in pixels of the photo.
  set width(pixels) {
    this.brush = pixels;
    this.thicken();
  }

  thicken() {
    const seen = (this.brush ?? 1) * this.editor.viewport.getScaleFactor();
    this.pen.setThickness(2 * seen); // a pointer without pressure presses by half
    const side = Math.min(LARGEST_CURSOR, Math.max(6, seen + 2));
    const ring = `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}">`
      + ["white", "black"].map((colour, index) =>
        `<circle cx="${side / 2}" cy="${side / 2}" r="${side / 2 - 1 - index}" fill="none" `
        + `stroke="${colour}"/>`).join("") + "</svg>";
    const cursors = {
      move: "grab",
      rectangle: "crosshair",
      brush: `url("data:image/svg+xml,${encodeURIComponent(ring)}") ${side / 2} ${side / 2}, crosshair`,
    };
    this.host.style.setProperty("--cursor", cursors[this.tool]);
  }

  get strokes() { return this.editor.image.getAllComponents(); }

  get canUndo() { return this.editor.history.undoStackSize > 0; }

  get canRedo() { return this.editor.history.redoStackSize > 0; }

  undo() { this.editor.history.undo(); }

  redo() { this.editor.history.redo(); }

  clear() {
    if (this.strokes.length) this.editor.dispatch(new Erase(this.strokes));
  }

  // The mask as a PNG of the photo's size: white where something was painted, black elsewhere.
  async mask() {
    const { renderer, element: canvas } = CanvasRenderer.fromViewport(
      this.editor.image.getImportExportViewport());
    this.editor.image.renderAll(renderer);
    const context = canvas.getContext("2d");
    context.globalCompositeOperation = "source-in";
    context.fillStyle = "white";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.globalCompositeOperation = "destination-over";
    context.fillStyle = "black";
    context.fillRect(0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
    if (!blob) throw new Error("This browser cannot hold a mask of that size. Try another one.");
    return blob;
  }

  remove() {
    this.editor.remove();
    this.host.replaceChildren();
  }
}
