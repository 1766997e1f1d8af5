// What a value is: a file of its own, which a place in it names.

interface Order {
  items: object[];
}

export function parse(text: string | null): Order {
  const order = text === null ? null : JSON.parse(text);
  // Fails for what is null, as a mistake would.
  order.items.length;
  return order;
}
