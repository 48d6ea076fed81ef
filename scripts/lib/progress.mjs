/**
 * One line of progress for a long step. On a terminal the line is drawn anew; elsewhere a line is printed
 * at every tenth, so that a log stays readable.
 *
 * @param {string} label for example `Downloading TensorFlow`
 * @param {{stream?: NodeJS.WriteStream, now?: () => number}} [options]
 */
export function createProgress(label, { stream = process.stderr, now = Date.now } = {}) {
  const started = now();
  const live = stream.isTTY === true;
  let lastTenth = -1;
  let drawn = false;

  function seconds() {
    return Math.round((now() - started) / 1000);
  }

  function draw(text) {
    if (live) stream.write(`\r\x1b[2K${text.slice(0, (stream.columns || 80) - 1)}`);
    else stream.write(`${text}\n`);
    drawn = true;
  }

  return {
    /** @param {number} fraction in [0, 1] */
    update(fraction) {
      const done = Math.min(1, Math.max(0, fraction));
      const tenth = Math.floor(done * 10);
      if (!live && tenth === lastTenth) return;
      lastTenth = tenth;
      const elapsed = (now() - started) / 1000;
      const left =
        done > 0.02 && done < 1 ? `, about ${Math.ceil((elapsed / done) * (1 - done))} s left` : '';
      draw(`${label}: ${Math.round(done * 100)} %${left}`);
    },
    /** For a step whose length is unknown. */
    tick() {
      if (live) draw(`${label}: ${seconds()} s`);
      else if (!drawn) draw(`${label} …`);
    },
    done(detail = '') {
      if (live) stream.write('\r\x1b[2K');
      stream.write(`${label}: done in ${seconds()} s${detail ? ` (${detail})` : ''}\n`);
    },
    fail() {
      if (live && drawn) stream.write('\n');
    },
  };
}
