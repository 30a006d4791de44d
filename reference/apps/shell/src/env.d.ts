/** The package's version, put in by vite.config.js. */
declare const __VERSION__: string;
