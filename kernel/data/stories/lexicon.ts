/**
 * The words of `stories`, by what they can stand beside: a verb names the class of things it takes, a class of
 * things the adjectives that suit it. Lists are in order of use: the k-th word is drawn with weight 1 / (k + 3).
 */
const list = (text: string): readonly string[] => text.trim().split(/\s+/);

export const girls = list(
  'Lily Mia Sue Anna Emma Lucy Molly Rose Ella Zoe Nora Ruby Amy Grace Jane Kate Ivy Hazel Daisy Penny Tess Maya Clara Alma Iris',
);
export const boys = list(
  'Tim Ben Tom Max Sam Jack Leo Bob Fred Joe Finn Oscar Dan Pete Nick Hugo Theo Alex Otto Carl Emil Luke Rob Simon Walt',
);
export const animals = list(
  'dog cat bird bear rabbit fox mouse duck frog fish horse hamster pig cow lion turtle squirrel wolf hen deer monkey goat bee snail hedgehog',
);

/** Classes of things, and the adjectives that go with them. */
export const things = {
  toy: {
    nouns: list('ball doll kite drum truck boat puzzle robot train balloon block bike top puppet whistle'),
    adjectives: list('red new shiny big blue little yellow broken wooden round loud striped favorite'),
  },
  food: {
    nouns: list(
      'cake melon cookie pie bread soup banana sandwich carrot pear cheese plum pancake waffle berry',
    ),
    adjectives: list('yummy sweet big warm fresh sticky juicy small soft salty huge tasty'),
  },
  clothing: {
    nouns: list('hat coat scarf dress shirt sock boot sweater glove cap belt'),
    adjectives: list('warm red pretty soft blue thick green fuzzy clean purple dirty'),
  },
  tool: {
    nouns: list('hammer broom shovel brush rope ladder bucket needle saw spoon lamp'),
    adjectives: list('heavy broken long useful strong rusty small sharp sturdy'),
  },
  treasure: {
    nouns: list('key coin ring stone feather shell map crown letter pearl button'),
    adjectives: list('golden shiny secret magic tiny lovely strange silver lucky rare hidden'),
  },
  creature: {
    nouns: list('butterfly moth worm bug spider kitten puppy chick lizard ladybug'),
    adjectives: list('tiny little cute colorful quick shy fluffy funny green slow'),
  },
} as const;
export type Thing = keyof typeof things;

export const containers = list('box bag basket drawer chest jar pocket cupboard');
export const containerAdjectives = list('big old wooden brown dusty open');

export const places = list(
  'park beach forest garden lake farm zoo market river hill school library castle meadow playground pond barn bakery cave village',
);
export const placeAdjectives = list('big green quiet old sunny dark beautiful busy far lovely');
export const weathers = list('sunny rainy windy cold hot snowy cloudy foggy');

/** What is done to a thing, in the past and after “to”. */
export const actions: Readonly<Record<Thing, readonly (readonly [past: string, plain: string])[]>> = {
  toy: [
    ['threw', 'throw'],
    ['kicked', 'kick'],
    ['painted', 'paint'],
    ['shared', 'share'],
    ['fixed', 'fix'],
    ['bounced', 'bounce'],
  ],
  food: [
    ['ate', 'eat'],
    ['baked', 'bake'],
    ['tasted', 'taste'],
    ['cut', 'slice'],
    ['smelled', 'smell'],
    ['cooked', 'cook'],
  ],
  clothing: [
    ['wore', 'wear'],
    ['washed', 'wash'],
    ['folded', 'fold'],
    ['knitted', 'knit'],
    ['sewed', 'sew'],
  ],
  tool: [
    ['used', 'use'],
    ['borrowed', 'borrow'],
    ['carried', 'carry'],
    ['sharpened', 'sharpen'],
    ['lifted', 'lift'],
  ],
  treasure: [
    ['hid', 'hide'],
    ['polished', 'polish'],
    ['discovered', 'discover'],
    ['counted', 'count'],
    ['admired', 'admire'],
  ],
  creature: [
    ['chased', 'chase'],
    ['followed', 'follow'],
    ['watched', 'watch'],
    ['fed', 'feed'],
    ['petted', 'pet'],
    ['caught', 'catch'],
  ],
};

/** Going about: past form, and the preposition that comes with it. */
export const motions = [
  ['ran', 'to'],
  ['walked', 'through'],
  ['went', 'to'],
  ['jumped', 'around'],
  ['danced', 'in'],
  ['hurried', 'to'],
  ['played', 'in'],
  ['rested', 'near'],
  ['wandered', 'through'],
  ['climbed', 'above'],
  ['slept', 'near'],
  ['waited', 'at'],
] as const;

/** How one feels, and what one did then. */
export const feelings = {
  happy: list('smiled laughed giggled sang clapped cheered'),
  sad: list('cried sighed sobbed frowned wept'),
  scared: list('trembled shivered screamed shook froze'),
  angry: list('shouted stomped yelled growled grumbled'),
  tired: list('yawned nodded blinked stretched'),
  proud: list('grinned bowed beamed waved'),
} as const;
export type Feeling = keyof typeof feelings;

export const traits = list(
  'little kind brave clever shy curious funny young friendly silly lazy gentle polite careful cheerful grumpy merry playful noisy wise',
);
export const adverbs = list(
  'quickly slowly happily carefully quietly loudly together again gladly suddenly gently eagerly',
);
export const speech = list('said asked whispered replied called explained added answered');
export const exclamations = list('Wow Oh Yes No Look Please Thanks Hello Hooray Sorry');
export const relatives = list('mom dad grandma grandpa sister brother teacher neighbor');
export const times = list('day morning night afternoon evening summer winter spring');
export const lessons = list('share listen help wait try forgive rest learn care trust');
/** Many at once, with a place beside which they are: the verb agrees with them and not with it. */
export const plurals = list(
  'flowers trees birds children clouds stars leaves bees boats stones sheep ducks apples lights',
);
export const landmarks = list('house bridge road wall fence gate tower well tree bench window door');
export const looks = list('pretty bright tall small quiet golden wet white gray');

export const functionWords = list(
  `<bos> <end> Once upon a time there was girl boy named , . " ! ? One They Then But So There The It She He
   all went home and lived happily ever after became very happy friends learned that always end
   near around behind beside were the it his her its he she I like want see love have can you help me we
   to through in at had made because lost could not felt wanted met asked for put gave found looked into`,
);

/** Every word once. */
export const words: readonly string[] = [
  ...functionWords,
  ...girls,
  ...boys,
  ...animals,
  ...Object.values(things).flatMap(({ nouns, adjectives }) => [...nouns, ...adjectives]),
  ...containers,
  ...containerAdjectives,
  ...places,
  ...placeAdjectives,
  ...weathers,
  ...Object.values(actions).flat(2),
  ...motions.flat(),
  ...Object.keys(feelings),
  ...Object.values(feelings).flat(),
  ...traits,
  ...adverbs,
  ...speech,
  ...exclamations,
  ...relatives,
  ...times,
  ...lessons,
  ...plurals,
  ...landmarks,
  ...looks,
];
