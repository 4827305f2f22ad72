/** One curve as SVG: both axes logarithmic, since sizes double; each point carries its figure. */
import type { Curve } from '../../test/bench/row.ts';

const [WIDTH, HEIGHT, MARGIN] = [420, 240, 44];

export const figure = (value: number): string =>
  Number(value.toPrecision(3)).toLocaleString('en', { maximumFractionDigits: 4 });

const inXml = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** Position of a value between the axis' ends; two equal ends would divide by zero. */
function scale(values: readonly number[], from: number, to: number): (value: number) => number {
  const logs = values.map(Math.log10);
  const [low, high] = [Math.min(...logs), Math.max(...logs)];
  return (value) => from + ((Math.log10(value) - low) / (high - low || 1)) * (to - from);
}

export function plot({ title, x, y, points }: Curve): string {
  const bottom = HEIGHT - MARGIN;
  const across = scale(
    points.map(([at]) => at),
    MARGIN,
    WIDTH - MARGIN,
  );
  // A decade at least, so that noise does not fill the picture.
  const values = points.map(([, value]) => value);
  const up = scale([...values, Math.max(...values) / 10], bottom - 10, MARGIN);
  const at = points.map(
    ([size, value]) => [across(size).toFixed(1), up(value).toFixed(1), size, value] as const,
  );
  const marks = at.map(
    ([px, py, size, value]) =>
      `<circle cx="${px}" cy="${py}" r="3" fill="#246"/>` +
      `<text x="${px}" y="${(Number(py) - 7).toFixed(1)}" text-anchor="middle">${figure(value)}</text>` +
      `<text x="${px}" y="${bottom + 14}" text-anchor="middle">${figure(size)}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="10">`,
    `<title>${inXml(title)}</title><rect width="100%" height="100%" fill="#fff"/>`,
    `<text x="${MARGIN}" y="16" font-size="12">${inXml(title)} (${inXml(y)}, median)</text>`,
    `<path d="M${MARGIN} ${bottom}H${WIDTH - MARGIN / 2}M${MARGIN} ${bottom}V${MARGIN / 2 + 4}" stroke="#999" fill="none"/>`,
    `<polyline fill="none" stroke="#246" points="${at.map(([px, py]) => `${px},${py}`).join(' ')}"/>`,
    ...marks,
    `<text x="${WIDTH / 2}" y="${HEIGHT - 12}" text-anchor="middle">${inXml(x)}; both axes logarithmic</text></svg>`,
    '',
  ].join('\n');
}
