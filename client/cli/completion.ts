/** Completion scripts for shells, from the commands as they are registered. */
import type { Command } from 'commander';

interface Entry {
  /** As typed: `trust list`. */
  readonly words: string;
  readonly description: string;
  readonly options: readonly string[];
  readonly children: readonly string[];
}

function entriesOf(command: Command, above: readonly string[]): readonly Entry[] {
  return command.commands.flatMap((child) => {
    const words = [...above, child.name()];
    const entry = {
      words: words.join(' '),
      description: child.description(),
      options: child.options.flatMap(({ long }) => (typeof long === 'string' ? [long] : [])),
      children: child.commands.map((grandchild) => grandchild.name()),
    };
    return [entry, ...entriesOf(child, words)];
  });
}

function bash(entries: readonly Entry[], names: readonly string[]): string {
  const cases = entries.map(
    ({ words, options, children }) =>
      `    '${words}') words='${[...children, ...options, '--help'].join(' ')}' ;;`,
  );
  return `_nmp() {
  local current="\${COMP_WORDS[COMP_CWORD]}" typed='' word words='${names.join(' ')}'
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) break ;; *) typed="\${typed:+$typed }$word" ;; esac
  done
  while [ -n "$typed" ]; do
    case "$typed" in
${cases.join('\n')}
    *) case "$typed" in *' '*) typed="\${typed% *}"; continue ;; esac ;;
    esac
    break
  done
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _nmp nmp
`;
}

function fish(entries: readonly Entry[]): string {
  const quote = (text: string) => `'${text.replaceAll(/['\\]/g, (found) => `\\${found}`)}'`;
  const lines = entries.flatMap(({ words, description, options }) => {
    const above = words.split(' ').slice(0, -1);
    const name = words.split(' ').at(-1) ?? '';
    const when =
      above.length === 0 ? '__fish_use_subcommand' : `__fish_seen_subcommand_from ${above.at(-1)}`;
    return [
      `complete -c nmp -n ${quote(when)} -a ${name} -d ${quote(description)}`,
      ...options.map(
        (option) =>
          `complete -c nmp -n ${quote(`__fish_seen_subcommand_from ${name}`)} -l ${option.slice(2)}`,
      ),
    ];
  });
  return `${lines.join('\n')}\n`;
}

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

export function completionScript(program: Command, shell: Shell): string {
  const entries = entriesOf(program, []);
  const names = program.commands.map((command) => command.name());
  if (shell === 'fish') return fish(entries);
  if (shell === 'bash') return bash(entries, names);
  return `autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n${bash(entries, names)}`;
}
