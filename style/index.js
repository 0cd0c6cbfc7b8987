/* One css file per view, found rather than listed. */
const sheets = import.meta.webpackContext('.', { regExp: /\.css$/, recursive: false });
sheets.keys().forEach(sheets);
