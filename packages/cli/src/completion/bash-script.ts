import type { CompletedCommand, Words } from "./command-tree.ts";

/**
 * A completion script for bash 3.2 and later. It first finds the command among the words, then completes the value of the option before the
 * cursor, else an option, a subcommand or an argument.
 */
export function bashScript(commands: readonly CompletedCommand[]): string {
  const nested = commands.filter(({ path }) => path !== "").map(({ path }) => `"${path}"`);
  return `# bash completion for persysctl; source it, or put it into a folder of bash-completion
_persysctl() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} at="" next word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    next="\${at:+$at }$word"
    case "$next" in
      ${nested.join(" | ")}) at=$next ;;
    esac
  done
  COMPREPLY=()
  case "$at $prev" in
${commands.flatMap(valueCases).join("\n")}
  esac
  case "$at" in
${commands.map(wordCase).join("\n")}
  esac
}
complete -F _persysctl persysctl
`;
}

function valueCases({ path, options }: CompletedCommand): readonly string[] {
  return options.flatMap(({ names, value }) => {
    if (value === undefined) return [];
    const patterns = names.map((name) => `"${path} ${name}"`).join(" | ");
    return [`    ${patterns}) ${reply(value)}; return ;;`];
  });
}

function wordCase({ path, subcommands, options, argument }: CompletedCommand): string {
  const flags = options.flatMap(({ names }) => names).join(" ");
  const names = subcommands.map(({ name }) => name);
  const other: Words | undefined = names.length > 0 ? { kind: "list", words: names } : argument;
  return `    "${path}")
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W "${flags}" -- "$cur"))
      else ${other === undefined ? ":" : reply(other)}; fi ;;`;
}

function reply(words: Words): string {
  switch (words.kind) {
    case "list":
      return `COMPREPLY=($(compgen -W "${words.words.join(" ")}" -- "$cur"))`;
    case "workloads":
    case "contexts":
      return `COMPREPLY=($(compgen -W "$(persysctl complete-words ${words.kind} 2>/dev/null)" -- "$cur"))`;
    case "files":
      return `compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur"))`;
    case "anything":
      return ":";
  }
}
