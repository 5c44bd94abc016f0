// Sizes of tiles: as large as they can be, all alike; or one large and the others in a strip.

const ratio = 16 / 9;

/**
 * The number of columns for `count` tiles in a box at which they are largest, and the size that each then has. Tiles are 16:9
 * at the widest; in an upright box they may be upright, in a wide one they are at least 4:3.
 */
export function fit(count, width, height, gap, least = 150) {
  const narrowest = height > width ? 4 / 5 : 4 / 3;
  let best = { columns: 1, w: 0, h: 0 };
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const wide = (width - gap * (columns - 1)) / columns, high = (height - gap * (rows - 1)) / rows;
    const w = Math.min(wide, high * ratio), h = Math.min(high, w / narrowest);
    if (w * h > best.w * best.h) best = { columns, w, h };
  }
  // So many that they would be stamps: keep a readable size and scroll.
  if (best.w < least) {
    const columns = Math.max(1, Math.floor((width + gap) / (least + gap))), w = (width - gap * (columns - 1)) / columns;
    best = { columns, w, h: w / ratio };
  }
  return { columns: best.columns, w: Math.floor(best.w), h: Math.floor(best.h) };
}

export class Grid {
  #stage;
  #large = null;

  constructor(stage) {
    this.#stage = stage;
    new ResizeObserver(() => this.arrange()).observe(stage);
  }

  get large() {
    return this.#large;
  }

  /** Gives one tile the stage; null shows all alike. */
  enlarge(tile) {
    this.#large = tile;
    this.arrange();
  }

  arrange() {
    const style = getComputedStyle(this.#stage), gap = parseFloat(style.gap) || 0;
    const width = this.#stage.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const height = this.#stage.clientHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom);
    const tiles = [...this.#stage.children];
    if (this.#large && !this.#large.isConnected) this.#large = null;
    const large = tiles.length > 1 ? this.#large : null;
    const others = tiles.filter(tile => tile !== large);
    for (const tile of tiles) {
      tile.style.order = tile === large ? '-1' : '';
      tile.querySelector('.full').setAttribute('aria-pressed', String(tile === large));
    }
    if (!large) return size(others, fit(others.length, width, height, gap));
    const strip = Math.min(150, Math.max(84, height * 0.2));
    size([large], { w: Math.floor(width), h: Math.floor(height - strip - gap) });
    const w = Math.min(strip * ratio, (width - gap * (Math.min(others.length, 6) - 1)) / Math.min(others.length, 6));
    size(others, { w: Math.floor(w), h: Math.floor(Math.min(strip, w / ratio)) });
  }
}

function size(tiles, { w, h }) {
  for (const tile of tiles) {
    tile.style.setProperty('--w', `${w}px`);
    tile.style.setProperty('--h', `${h}px`);
  }
}
