/** Something that did not work, with a code that will not change. */
export class MixdownError extends Error {
  /**
   * @param {string} code for programs, for example `recording_off`
   * @param {string} message for people
   */
  constructor(code, message) {
    super(message);
    this.name = 'MixdownError';
    this.code = code;
  }
}
