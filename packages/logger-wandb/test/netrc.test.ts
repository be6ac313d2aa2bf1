import { describe, expect, it } from 'vitest';
import { parseNetrc } from '../src/settings/netrc.js';

describe('a netrc file', () => {
  it.each([
    ['on one line', 'machine h login l password p'],
    ['on lines', 'machine h\n\tlogin l\n\tpassword p\n'],
    ['with other line ends', 'machine h\r\n  login l\r\n  password p\r\n'],
    ['in another order', 'machine h password p login l'],
    ['with an account, and a user', 'machine h account a user l password p'],
    ['with quotes', 'machine "h" login "l" password "p"'],
    ['with escapes', 'machine \\h login "\\l" password \\p'],
    [
      'after comments',
      '# machine h password no\n#machine h password no\nmachine h # here\nlogin l # there\npassword p',
    ],
    ['after a macro', 'macdef init\nmachine h password no\n\nmachine h login l password p'],
    ['before a macro', 'machine h login l password p\nmacdef init\nmachine h password no'],
    ['twice, the last of which counts', 'machine h password no\nmachine h login l password p'],
    ['before the default entry', 'machine h login l password p\ndefault login no password no'],
    ['after the default entry', 'default login no password no\nmachine h login l password p'],
    ['in another case', 'machine H login l password p'],
    ['after a byte order mark', '\ufeffmachine h login l password p'],
  ])('has a machine %s', (_how, text) => {
    expect(parseNetrc(text)('h')).toEqual({ login: 'l', password: 'p' });
  });

  it.each([
    ['machine h password "two words"', 'two words'],
    ['machine h password "say \\"so\\""', 'say "so"'],
    ['machine h password #p', '#p'],
    ['machine h password a#b', 'a#b'],
    ['machine h password a"b', 'a"b'],
    ['machine h password ""', ''],
    ['machine h login machine password machine', 'machine'],
    ['machine h', ''],
  ])('%j has the password %j', (text, password) => {
    expect(parseNetrc(text)('h')?.password).toBe(password);
  });

  it('has the default entry for machines that are not in it, after all names of one', () => {
    const lookup = parseNetrc('default password d\nmachine b password p');
    expect(lookup('a')?.password).toBe('d');
    expect(lookup('a', 'b')?.password).toBe('p');
  });

  it('may be empty', () => {
    for (const text of ['', '\n', '# nothing']) expect(parseNetrc(text)('h')).toBeUndefined();
  });

  it.each([
    ['machine h secret s3cret', 1],
    ['\n\ns3cret', 3],
    ['machine h\npassword', 2],
    ['machine', 1],
    ['machine h\npassword "s3cret\n', 2],
    ['machine h\n\n password s3cret s3cret', 3],
  ])('%j is refused by its line, without what stands there', (text, line) => {
    expect(() => parseNetrc(text)).toThrow(new RegExp(`^line ${line}: `));
    expect(() => parseNetrc(text)).not.toThrow(/s3cret/);
  });

  it('cut anywhere is read or refused, and says nothing of its content', () => {
    const text = 'macdef m\nx\n\n# c\nmachine h login "l 1" password "s3\\"cret"\ndefault password s3cret\n';
    for (let length = 0; length <= text.length; length++) {
      try {
        parseNetrc(text.slice(0, length));
      } catch (error) {
        expect((error as Error).message).toMatch(/^line \d+: [a-z ,]+$/);
      }
    }
  });
});
