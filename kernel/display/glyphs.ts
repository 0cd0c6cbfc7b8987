/** Letters five pixels wide, for labels inside PNGs: five columns a glyph, the lowest bit on top. */

const table = `
(001c224100 )0041221c00 +08083e0808 ,0050300000 -0808080808 .0060600000 :0036360000 /2010080402
?0201510906 =1414141414 '0005030000 _4040404040 %2313086462
03e5149453e 100427f4000 24261514946 32141454b31 41814127f10 52745454539 63c4a494930 70171090503 83649494936 9064949291e
a2054545478 b7f48444438 c3844444420 d384444487f e3854545418 f087e090102 g0c5252523e h7f08040478 i00447d4000
j2040443d00 k7f10284400 l00417f4000 m7c04180478 n7c08040478 o3844444438 p7c14141408 q081414187c r7c08040408
s4854545420 t043f444020 u3c4040207c v1c2040201c w3c4030403c x4428102844 y0c5050503c z4464544c44`;

/** Character → columns; a space where a character is not drawn. */
export const glyphs: Readonly<Record<string, readonly number[]>> = (() => {
  const entries = table
    .split('\n')
    .flatMap(line => line.match(/\S[0-9a-f]{10}/g) ?? [])
    .map(
      item =>
        [
          item[0],
          Array.from({ length: 5 }, (_, i) => parseInt(item.slice(1 + 2 * i, 3 + 2 * i), 16)),
        ] as const,
    );
  return { ...Object.fromEntries(entries), ' ': [0, 0, 0, 0, 0] };
})();
