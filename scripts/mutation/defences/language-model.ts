/** The language model and whoever talks to it. */
import type { Defence } from './defence.ts';

export const LANGUAGE_MODEL: readonly Defence[] = [
  {
    threat: 'has logic written that leaks, trap by trap',
    file: 'shared/wire/chosen-by-logic.ts',
    from: "  'SANDBOX_TRAP',\n",
    to: '',
    test: 'unit/client/mcp/refusal',
  },
  {
    threat: 'is talked into names of files',
    file: 'client/mcp/logic-files.ts',
    from: "if (!path.startsWith(root + sep)) throw new NmpError('LOGIC_SOURCE');",
    to: '',
    test: 'unit/client/mcp/logic-files',
  },
  {
    threat: 'is misled by what a node says of itself',
    file: 'client/mcp/clean-text.ts',
    from: ".replaceAll(HIDDEN, ' ')",
    to: '',
    test: 'unit/client/mcp/clean-text',
  },
  {
    threat: 'is called by a web page',
    file: 'client/mcp/http.ts',
    from: 'if (rejected !== undefined) return rejected;',
    to: '',
    test: 'unit/client/mcp/http',
  },
  {
    threat: 'accepts an image on its own',
    file: 'client/mcp/approvals.ts',
    from: 'if (answer?.accept !== true) return;',
    to: '',
    test: 'unit/client/mcp/bridge',
  },
];
