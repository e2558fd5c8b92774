export const store = "not what was asked for";
export const subject = 7;
