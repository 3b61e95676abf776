// A square to drag in: four images at its inner corners, mixtures of their styles between, and a little beyond.

const PAD_LOW = -0.25;
const PAD_HIGH = 1.25;

/** Shares of the four corners (top left, top right, bottom left, bottom right) at a place; they sum to 1. */
const cornerShares = (x, y) => [(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y];

/** The weighted sum of arrays of the same size. */
function weighted(arrays, shares) {
  const sum = new Float32Array(arrays[0].length);
  arrays.forEach((array, i) => array.forEach((value, j) => { sum[j] += shares[i] * value; }));
  return sum;
}

/** Let pointer and arrow keys move the knob of a pad; `move(x, y)` is told where to. Returns a function that shows it. */
function makePad(pad, knob, move) {
  // Three digits: an address stays short.
  const clamp = (value) => Math.round(1000 * Math.min(PAD_HIGH, Math.max(PAD_LOW, value))) / 1000;
  const span = PAD_HIGH - PAD_LOW;
  const place = { x: 0, y: 0 };
  const follow = (event) => {
    const box = pad.getBoundingClientRect();
    move(clamp(PAD_LOW + span * (event.clientX - box.left) / box.width),
      clamp(PAD_LOW + span * (event.clientY - box.top) / box.height));
  };
  pad.addEventListener("pointerdown", (event) => {
    pad.setPointerCapture(event.pointerId);
    follow(event);
  });
  pad.addEventListener("pointermove", (event) => {
    if (pad.hasPointerCapture(event.pointerId)) follow(event);
  });
  pad.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? 0.25 : 0.05;
    const [across, down] = {
      ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step],
    }[event.key] ?? [];
    if (event.key === "Home") move(0, 0);
    else if (across === undefined) return;
    else move(clamp(place.x + across), clamp(place.y + down));
    event.preventDefault();
    event.stopPropagation();
  });
  return (x, y) => {
    Object.assign(place, { x, y });
    knob.style.left = `${100 * (x - PAD_LOW) / span}%`;
    knob.style.top = `${100 * (y - PAD_LOW) / span}%`;
    pad.setAttribute("aria-valuenow", String(Math.round(100 * x)));
    pad.setAttribute("aria-valuetext", `${Math.round(100 * x)} % across, ${Math.round(100 * y)} % down`);
  };
}
