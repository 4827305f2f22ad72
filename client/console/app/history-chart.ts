/** Counts per code over time; the table beside it says the same in words. */
import { h } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import type { CallHistory } from '../history.ts';

const HEIGHT = 240;
/** Colour and dash both tell a line from the others. */
const LINES = [
  { colour: '--c0', dash: [] },
  { colour: '--c1', dash: [8, 4] },
  { colour: '--c2', dash: [2, 3] },
  { colour: '--c3', dash: [10, 3, 2, 3] },
  { colour: '--c4', dash: [5, 5] },
  { colour: '--c5', dash: [1, 5] },
] as const;

const DAY_MS = 86_400_000;
const utc = (seconds: number) => new Date(seconds * 1000).toISOString();

/** The day where a day begins and at the left end, else the time; nothing depends on a locale. */
function ticks(splits: readonly number[], spanMs: number): string[] {
  return splits.map((seconds, i) => {
    const [day = '', time = ''] = utc(seconds).split('T');
    if (spanMs >= DAY_MS) return day;
    const first = i === 0 || day !== utc(splits[i - 1] ?? 0).slice(0, 10);
    return first ? `${time.slice(0, 5)}\n${day}` : time.slice(0, 5);
  });
}

function draw(place: HTMLElement, { startsMs, spanMs, series }: CallHistory): uPlot {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const axis = { stroke: colour('--ink'), grid: { stroke: colour('--line'), width: 1 } };
  const stepped = uPlot.paths.stepped?.({ align: 1 });
  // The last span needs an end, else nothing of it is drawn.
  const starts = [...startsMs, (startsMs.at(-1) ?? 0) + spanMs].map((ms) => ms / 1000);
  return new uPlot(
    {
      width: place.clientWidth,
      height: HEIGHT,
      cursor: { drag: { x: false, y: false } },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
      scales: { y: { range: (_plot, _least, most) => [0, Math.max(1, most)] } },
      axes: [
        { ...axis, values: (_plot, splits) => ticks(splits, spanMs) },
        { ...axis, incrs: [1, 2, 5, 10, 20, 50, 100, 1000, 10_000], size: 56 },
      ],
      series: [
        {
          label: 'UTC',
          value: (_plot, seconds) =>
            seconds === null ? '–' : utc(seconds).slice(0, 16).replace('T', ' '),
        },
        ...series.map(({ code }, i) => {
          const line = LINES[i % LINES.length] ?? LINES[0];
          return {
            label: code,
            stroke: colour(line.colour),
            dash: [...line.dash],
            width: 2,
            points: { show: false },
            ...(stepped === undefined ? {} : { paths: stepped }),
          };
        }),
      ],
    },
    [starts, ...series.map(({ counts }) => [...counts, counts.at(-1) ?? 0])],
    place,
  );
}

export function HistoryChart({ history }: { readonly history: CallHistory }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    let plot = draw(element, history);
    const resized = new ResizeObserver(() => {
      plot.setSize({ width: element.clientWidth, height: HEIGHT });
    });
    resized.observe(element);
    const redraw = () => {
      plot.destroy();
      plot = draw(element, history);
    };
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    scheme.addEventListener('change', redraw);
    return () => {
      resized.disconnect();
      scheme.removeEventListener('change', redraw);
      plot.destroy();
    };
  }, [history]);
  const codes = history.series.map(({ code }) => code).join(', ');
  return h('div', {
    ref: place,
    class: 'chart',
    role: 'img',
    'aria-label': `Calls over time: ${codes}`,
  });
}
