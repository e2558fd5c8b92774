/**
 * Tells the mutation run to leave texts for people alone: a text with a space in it is a sentence, and no behaviour hangs on its words
 * (a decision is never made by message text). Names, codes and states have no spaces and are mutated.
 */
const sentences = {
  shouldIgnore({ node }) {
    const isSentence =
      (node.type === "StringLiteral" && node.value.includes(" ")) ||
      (node.type === "TemplateLiteral" && node.quasis.some((it) => it.value.raw.includes(" ")));
    return isSentence ? "a sentence for people" : undefined;
  },
};

export const strykerPlugins = [{ kind: "Ignore", name: "sentences", value: sentences }];
