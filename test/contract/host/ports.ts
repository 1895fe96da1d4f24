/** Where every host of the tests answers; TCP and UDP, but for `http`. */
export const echoPorts = { tcp: 9000, other: 9001, http: 8080 } as const;
