/* Measures of a page, for Runtime.evaluate: texts with too little contrast, elements that stick out, targets that are too small. */
(() => {
  const channel = (value) => { const part = value / 255; return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4; };
  const luminance = (colour) => 0.2126 * channel(colour[0]) + 0.7152 * channel(colour[1]) + 0.0722 * channel(colour[2]);
  const parse = (text) => { const parts = text.match(/[\d.]+/g).map(Number); return parts.length === 3 ? [...parts, 1] : parts; };
  const ratio = (a, b) => { const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x); return (light + 0.05) / (dark + 0.05); };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour[3] === 1) { return colour; }
    }
    return [255, 255, 255, 1];
  };
  const visible = (element) => element.checkVisibility() && !element.closest('.sr, .skip');
  const pale = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !visible(element) || element.closest('script, noscript')) { continue; }
    const style = getComputedStyle(element);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
    const got = ratio(parse(style.color), ground(element));
    if (got < (large ? 3 : 4.5)) { pale.push(`${got.toFixed(2)}: ${walker.currentNode.textContent.trim().slice(0, 60)}`); }
  }
  const bars = [...document.querySelectorAll('svg.bar rect, .spread rect')].filter((bar) => Number(bar.getAttribute('width')) > 0 && bar.checkVisibility());
  for (const bar of bars) {
    const svg = bar.closest('svg.bar');
    const behind = svg ? parse(getComputedStyle(svg).backgroundColor) : ground(bar.closest('.spread'));
    if (ratio(parse(getComputedStyle(bar).fill), behind) < 3) { pale.push('a bar: ' + getComputedStyle(bar).fill); }
  }
  const wide = [...document.querySelectorAll('main *, header *, footer *')].filter((element) =>
    visible(element) && !element.closest('.wide') && element.getBoundingClientRect().right > innerWidth + 1);
  const small = [...document.querySelectorAll('nav a, a.more, summary')].filter((element) => visible(element) && element.getBoundingClientRect().height < 24);
  return {pale: [...new Set(pale)], overflow: document.documentElement.scrollWidth - innerWidth, wide: wide.slice(0, 5).map((element) => element.outerHTML.slice(0, 120)),
          small: small.map((element) => element.outerHTML.slice(0, 120))};
})()
