/**
 * `eyeson` for pages that load a plain script instead of importing a module, as those of the first generation do. Calls
 * keep their order; what they answer, they answer later.
 */
(() => {
  const script = /** @type {HTMLScriptElement} */ (document.currentScript);
  const loaded = import(new URL('streamrec.js', script.src).href);
  const METHODS = [
    'connect', 'startRecording', 'switchStream', 'stopRecording', 'disconnect', 'onDisconnect',
    'addEventListener', 'removeEventListener', 'setOptionMaxBitrate', 'setEndpoint',
  ];

  /**
   * @param {string[]} methods
   * @param {(module: any) => any} whose
   * @returns {Record<string, (...given: any[]) => Promise<any>>}
   */
  const later = (methods, whose) =>
    Object.fromEntries(methods.map((name) => [name, async (...given) => whose(await loaded)[name](...given)]));

  const Supervisor = later(['connect', 'disconnect', 'addEventListener', 'removeEventListener'], (module) => module.Supervisor);
  const eyeson = Object.assign(later(METHODS, (module) => module.default), { Supervisor, maxStreamCount: 3 });
  Object.assign(window, { eyeson });
})();
