import { execFileSync } from 'node:child_process';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { COMMANDS, commandsFor } from '../../../../client/cli/commands.ts';
import { completionScript } from '../../../../client/cli/completion.ts';

const program = new Command('nmp');
for (const register of await commandsFor(['completion'])) register(program);

/** What bash offers after these words. */
function offered(...words: readonly string[]): readonly string[] {
  const script = `${completionScript(program, 'bash')}
COMP_WORDS=(nmp ${words.map((word) => `'${word}'`).join(' ')})
COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
_nmp
printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['-c', script], { encoding: 'utf8' }).trim().split('\n');
}

describe('completion', () => {
  it('knows every command', () => {
    expect(offered('').toSorted()).toEqual(Object.keys(COMMANDS).toSorted());
    expect(offered('tr')).toEqual(['trust']);
  });

  it('knows the options of a command, and its subcommands', () => {
    expect(offered('mcp', '--ht')).toEqual(['--http']);
    expect(offered('mcp', '--node', 'x', '--pol')).toEqual(['--policy']);
    expect(offered('trust', 'l')).toEqual(['list']);
    expect(offered('trust', 'approve', '--tr')).toEqual(['--trust']);
    expect(offered('verify', 'argument', '--doc')).toEqual(['--document']);
  });

  it('is a script for other shells too', () => {
    expect(completionScript(program, 'zsh')).toContain('bashcompinit');
    const fish = completionScript(program, 'fish');
    expect(fish).toContain("-n '__fish_use_subcommand' -a mcp");
    expect(fish).toContain("-n '__fish_seen_subcommand_from trust' -a approve");
  });
});
