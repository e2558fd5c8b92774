import type { CompletedCommand, Words } from "./command-tree.ts";

/** A completion script for zsh: a file `_persysctl` somewhere on `fpath`. It works as the one for bash does, with descriptions. */
export function zshScript(commands: readonly CompletedCommand[]): string {
  const nested = commands.filter(({ path }) => path !== "").map(({ path }) => quote(path));
  return `#compdef persysctl
# zsh completion for persysctl; put it on your fpath as _persysctl
_persysctl() {
  local at="" next word
  local -a items
  for word in "\${(@)words[2,CURRENT-1]}"; do
    next="\${at:+$at }$word"
    case "$next" in
      ${nested.join("|")}) at=$next ;;
    esac
  done
  case "$at \${words[CURRENT-1]}" in
${commands.flatMap(valueCases).join("\n")}
  esac
  case "$at" in
${commands.map(wordCase).join("\n")}
  esac
}
_persysctl "$@"
`;
}

function valueCases({ path, options }: CompletedCommand): readonly string[] {
  return options.flatMap(({ names, value }) => {
    if (value === undefined) return [];
    const patterns = names.map((name) => quote(`${path} ${name}`)).join("|");
    return [`    ${patterns}) ${offer(value)}; return ;;`];
  });
}

function wordCase({ path, subcommands, options, argument }: CompletedCommand): string {
  const flags = options.flatMap(({ names, description }) =>
    names.map((name) => described(name, description)),
  );
  const names = subcommands.map(({ name, description }) => described(name, description));
  const other = names.length > 0 ? describe(names) : argument === undefined ? ":" : offer(argument);
  return `    ${quote(path)})
      if [[ $PREFIX == -* ]]; then ${describe(flags)}
      else ${other}; fi ;;`;
}

function offer(words: Words): string {
  switch (words.kind) {
    case "list":
      return `compadd -- ${words.words.map(quote).join(" ")}`;
    case "workloads":
    case "contexts":
      return `compadd -- \${(f)"$(persysctl complete-words ${words.kind} 2>/dev/null)"}`;
    case "files":
      return "_files";
    case "anything":
      return ":";
  }
}

function describe(items: readonly string[]): string {
  return `items=(${items.map(quote).join(" ")}); _describe persysctl items`;
}

/** \`name:description\`, where a colon of the name needs an escape. */
function described(name: string, description: string): string {
  return `${name.replaceAll(":", "\\:")}:${description}`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
