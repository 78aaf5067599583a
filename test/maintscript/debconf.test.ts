import { describe, expect, it } from 'vitest';
import { confmodule } from '../../src/maintscript/confmodule.ts';
import { fieldsOf } from '../../src/maintscript/debconf-records.ts';
import { parseTemplates, splitChoices } from '../../src/maintscript/debconf-templates.ts';
import { Debconf } from '../../src/maintscript/debconf.ts';

const TEMPLATES = `Template: demo/choice
Type: select
Choices: one, two
Default: two
Description: Which one of \${what}?
 Some more.
 .
 And more.

Template: demo/flag
Type: boolean
Description: Whether?
`;

function setUp(seed = ['', '']): Debconf {
  const debconf = new Debconf();
  debconf.seed(seed[0]!, seed[1]!);
  debconf.load('demo', TEMPLATES);
  return debconf;
}

// Answers of debconf's frontend `noninteractive`, by the protocol of debconf-devel(7).
describe('questions', () => {
  it('have their default until they get a value', () => {
    const debconf = setUp();
    expect(debconf.get('demo/choice')).toEqual([0, 'two']);
    expect(debconf.set('demo/choice', 'one')).toEqual([0, 'value set']);
    expect(debconf.get('demo/choice')).toEqual([0, 'one']);
    debconf.reset('demo/choice');
    expect(debconf.get('demo/choice')).toEqual([0, 'two']);
    expect(debconf.get('demo/flag')).toEqual([0, '']);
    expect(debconf.get('demo/none')).toEqual([10, "10 demo/none doesn't exist"]);
  });

  it('are skipped, and a choice that is none becomes the first', () => {
    const debconf = setUp();
    debconf.set('demo/choice', 'three');
    expect(debconf.input('demo/choice')).toEqual([30, '30 question skipped']);
    expect(debconf.input('demo/none')).toEqual([10, '10 "demo/none" doesn\'t exist']);
    expect(debconf.go()).toEqual([0, 'ok']);
    expect(debconf.get('demo/choice')).toEqual([0, 'one']);
  });

  it('have flags, and fields with variables', () => {
    const debconf = setUp();
    expect(debconf.flag('demo/flag', 'seen')).toEqual([0, 'false']);
    debconf.setFlag('demo/flag', 'seen', 'true');
    expect(debconf.flag('demo/flag', 'seen')).toEqual([0, 'true']);
    debconf.substitute('demo/choice', 'what', 'these');
    expect(debconf.meta('demo/choice', 'description')).toEqual([0, 'Which one of these?']);
    expect(debconf.meta('demo/choice', 'choices')).toEqual([0, 'one, two']);
    expect(debconf.meta('demo/choice', 'owners')).toEqual([0, 'demo']);
  });

  it('go with their last owner', () => {
    const debconf = setUp();
    expect(debconf.register('demo/flag', 'demo/other', 'demo')[0]).toBe(0);
    expect(debconf.register('demo/none', 'demo/x', 'demo')[0]).toBe(10);
    debconf.register('demo/flag', 'demo/flag', 'second');
    debconf.purge('demo');
    expect(debconf.get('demo/other')[0]).toBe(10);
    expect(debconf.get('demo/flag')[0]).toBe(0);
    debconf.unregister('demo/flag', 'second');
    expect(debconf.get('demo/flag')[0]).toBe(10);
  });

  it('keep what the base has', () => {
    const config =
      'Name: demo/choice\nTemplate: demo/choice\nValue: one\nOwners: demo\nFlags: seen\nVariables:\n what = base\n';
    const debconf = setUp([`Name: demo/choice\nType: select\nChoices: one, two\nDescription: \${what}\n`, config]);
    expect(debconf.get('demo/choice')).toEqual([0, 'one']);
    expect(debconf.flag('demo/choice', 'seen')).toEqual([0, 'true']);
    expect(debconf.meta('demo/choice', 'description')).toEqual([0, 'Which one of base?']);
  });
});

describe('templates', () => {
  it('are folded, and part their choices', () => {
    const [choice] = parseTemplates(TEMPLATES);
    expect(choice).toMatchObject({ name: 'demo/choice', type: 'select', fallback: 'two' });
    expect(choice?.extended).toBe('Some more.\n\nAnd more.');
    expect(splitChoices(String.raw`a, b\, c, d\ e`)).toEqual(['a', 'b, c', 'd e']);
    expect(splitChoices('')).toEqual([]);
    expect(fieldsOf('A: 1\n\n\nB: 2\n').map((fields) => [...fields])).toEqual([[['a', '1']], [['b', '2']]]);
  });
});

describe('the module for scripts', () => {
  it('sets RET and the status', () => {
    const commands = confmodule(setUp(), 'demo');
    const run = (line: string): readonly [number, string | undefined] => {
      let answer: string | undefined;
      const argv = line.split(' ');
      const set = (name: string, value: string): void => void (answer = name === 'RET' ? value : answer);
      const builtin = commands.get(argv[0]!)!;
      return [builtin({ argv, set } as unknown as Parameters<typeof builtin>[0]), answer];
    };
    expect(run('db_version 2.0')).toEqual([0, '2.0']);
    expect(run('db_version 3')).toEqual([30, '30 Version too high (3)']);
    expect(run('db_input high demo/choice')).toEqual([30, '30 question skipped']);
    expect(run('db_set demo/choice  one')).toEqual([0, 'value set']);
    expect(run('db_get demo/choice')).toEqual([0, 'one']);
    expect(run('db_stop')).toEqual([0, undefined]);
    expect(() => run('db_capb escape')).toThrow('escaped');
  });
});
