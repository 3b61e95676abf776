// Pixels: grey levels, canvases, PNG files with the watermark, and the signed difference of two images.

const WATERMARK = "synthetic: research only";

/** [-1, 1] to grey levels 0 to 255, as Python's runtime rounds them. */
const toLevels = (values) => Uint8ClampedArray.from(values, (value) => Math.round((value + 1) * 127.5));

/** Paint levels (height · width · channels) on a canvas of exactly so many pixels. */
function paint(canvas, levels, { height, width, channels }) {
  canvas.width = width;
  canvas.height = height;
  const picture = new ImageData(width, height);
  for (let pixel = 0; pixel < height * width; pixel++) {
    for (let i = 0; i < 3; i++) picture.data[4 * pixel + i] = levels[channels * pixel + (channels === 3 ? i : 0)];
    picture.data[4 * pixel + 3] = 255;
  }
  canvas.getContext("2d").putImageData(picture, 0, 0);
}

/** A canvas enlarged by a whole factor, with the watermark written across the bottom. */
function watermarked(canvas, least = 512) {
  const factor = Math.max(1, Math.ceil(least / Math.max(canvas.width, canvas.height)));
  const copy = document.createElement("canvas");
  copy.width = canvas.width * factor;
  copy.height = canvas.height * factor;
  const context = copy.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(canvas, 0, 0, copy.width, copy.height);
  const size = Math.max(11, Math.round(copy.width / 28));
  context.font = `600 ${size}px system-ui, sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  const width = Math.min(copy.width, context.measureText(WATERMARK).width + 2 * size);
  context.fillStyle = "rgb(0 0 0 / 55%)";
  context.fillRect((copy.width - width) / 2, copy.height - 1.8 * size, width, 1.8 * size);
  context.fillStyle = "#fff";
  context.fillText(WATERMARK, copy.width / 2, copy.height - 0.85 * size, copy.width);
  return copy;
}

/** Download a canvas as a watermarked PNG file. */
function savePng(canvas, name) {
  return new Promise((resolve) => watermarked(canvas).toBlob((blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    resolve();
  }, "image/png"));
}

/** An image file as levels of the model's size; throws an Error with one line for people. */
async function readReference(file, { height, width, channels }) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    throw new Error(`${file.name.slice(0, 60)} is no image that this browser reads: choose a PNG or JPEG file`);
  }
  if (bitmap.width * height !== bitmap.height * width) {
    throw new Error(`${file.name.slice(0, 60)} has ${bitmap.width} × ${bitmap.height} pixels: `
      + `choose an image of the same shape as ${width} × ${height}`);
  }
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d", { colorSpace: "srgb" });
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  const levels = new Uint8ClampedArray(height * width * channels);
  for (let pixel = 0; pixel < height * width; pixel++) {
    const colour = data.subarray(4 * pixel, 4 * pixel + 3);
    if (channels === 3) levels.set(colour, 3 * pixel);
    else levels[pixel] = Math.round((colour[0] + colour[1] + colour[2]) / 3);
  }
  return levels;
}

/** Blue over white to orange: told apart with every kind of colour vision, and by brightness from the middle. */
const DIVERGING = [[5, 48, 97], [67, 147, 195], [247, 247, 247], [224, 130, 20], [127, 59, 8]];

/** RGB of a value in [-1, 1]. */
function divergingColour(value) {
  const place = (Math.min(1, Math.max(-1, value)) + 1) * 2;
  const below = Math.min(3, Math.floor(place));
  return DIVERGING[below].map((start, i) => start + (place - below) * (DIVERGING[below + 1][i] - start));
}

/**
 * The signed difference of two images in grey levels: the mean of the colours.
 * @returns {{map: Float32Array, limit: number, mean: number, largest: number}} limit: the end of the colour scale.
 */
function difference(levels, reference, channels) {
  const map = new Float32Array(levels.length / channels);
  for (let i = 0; i < levels.length; i++) map[Math.floor(i / channels)] += (levels[i] - reference[i]) / channels;
  const sizes = map.map(Math.abs).sort();
  // A few pixels at edges must not make all others pale; noise of a few levels must not look like a finding.
  const limit = Math.max(16, Math.ceil(sizes[Math.floor(0.995 * (sizes.length - 1))]));
  const mean = sizes.reduce((sum, value) => sum + value, 0) / sizes.length;
  return { map, limit, mean, largest: sizes[sizes.length - 1] };
}

/** The colours of `difference`, from darker to brighter, on a canvas. */
function drawScale(canvas) {
  const width = 129;
  const colours = Array.from({ length: width }, (_, i) => divergingColour((2 * i) / (width - 1) - 1)).flat();
  paint(canvas, Uint8ClampedArray.from(colours), { height: 1, width, channels: 3 });
}

/** Canvases of one size side by side, so many a row. */
function gridCanvas(canvases, columns) {
  const { width, height } = canvases[0];
  const sheet = document.createElement("canvas");
  sheet.width = columns * width;
  sheet.height = Math.ceil(canvases.length / columns) * height;
  const context = sheet.getContext("2d");
  canvases.forEach((canvas, i) => {
    context.drawImage(canvas, (i % columns) * width, Math.floor(i / columns) * height);
  });
  return sheet;
}
