/* Full-depth books as one would first write them: a hash map from order reference to order, price
 * levels in a sorted array a side, orders queued in each level. No look-ahead, no prefetch. */
#include "loads.h"
#include "reference.h"

#include <stdlib.h>

typedef struct {
    uint32_t next, previous;
    uint32_t price, quantity;
    uint16_t locate;
    uint8_t side;
} order;

typedef struct {
    uint64_t quantity;
    uint32_t price, orders, head, tail;
} level;

/* Worst level first, so that the touch changes at the end of the array. */
typedef struct {
    level *levels;
    uint32_t count, capacity;
} ladder;

typedef struct {
    uint64_t reference;
    uint32_t order;
} slot;

struct reference_books {
    ladder ladders[65536][2];
    order *orders;
    uint32_t order_capacity, orders_used, free_order;
    slot *slots;
    uint64_t slot_mask, live;
};

static void *grown(void *memory, size_t size) {
    void *result = realloc(memory, size);
    if (result == NULL) abort();
    return result;
}

reference_books *reference_books_create(void) {
    reference_books *books = calloc(1, sizeof(*books));
    if (books == NULL) abort();
    books->slot_mask = (1u << 23) - 1;
    books->slots = calloc(books->slot_mask + 1, sizeof(slot));
    if (books->slots == NULL) abort();
    books->order_capacity = 1u << 22;
    books->orders = grown(NULL, books->order_capacity * sizeof(order));
    /* Order 0 means none. */
    books->orders_used = 1;
    return books;
}

void reference_books_free(reference_books *books) {
    for (size_t i = 0; i < 65536; i++) {
        free(books->ladders[i][0].levels);
        free(books->ladders[i][1].levels);
    }
    free(books->orders);
    free(books->slots);
    free(books);
}

static inline uint64_t place(const reference_books *books, uint64_t reference) {
    return (reference * 0x9E3779B97F4A7C15u >> 32) & books->slot_mask;
}

static slot *find(const reference_books *books, uint64_t reference) {
    uint64_t at = place(books, reference);
    while (books->slots[at].order != 0 && books->slots[at].reference != reference) {
        at = (at + 1) & books->slot_mask;
    }
    return &books->slots[at];
}

/* Closes the hole, so that no search ends too early. */
static void forget(reference_books *books, slot *gone) {
    uint64_t hole = (uint64_t)(gone - books->slots), at = hole;
    for (;;) {
        at = (at + 1) & books->slot_mask;
        slot *candidate = &books->slots[at];
        if (candidate->order == 0) break;
        uint64_t home = place(books, candidate->reference);
        if (((at - home) & books->slot_mask) >= ((at - hole) & books->slot_mask)) {
            books->slots[hole] = *candidate;
            hole = at;
        }
    }
    books->slots[hole].order = 0;
}

static uint32_t take_order(reference_books *books) {
    if (books->free_order != 0) {
        uint32_t index = books->free_order;
        books->free_order = books->orders[index].next;
        return index;
    }
    if (books->orders_used == books->order_capacity) {
        books->order_capacity *= 2;
        books->orders = grown(books->orders, books->order_capacity * sizeof(order));
    }
    return books->orders_used++;
}

/* The level of that price, or the one that it belongs behind; searched from the touch. */
static inline uint32_t search(const ladder *side, int ask, uint32_t price) {
    uint32_t at = side->count;
    while (at > 0 && (ask ? side->levels[at - 1].price < price
                          : side->levels[at - 1].price > price)) {
        at--;
    }
    return at;
}

static level *level_for(ladder *side, int ask, uint32_t price) {
    uint32_t at = search(side, ask, price);
    if (at > 0 && side->levels[at - 1].price == price) return &side->levels[at - 1];
    if (side->count == side->capacity) {
        side->capacity = side->capacity == 0 ? 16 : side->capacity * 2;
        side->levels = grown(side->levels, side->capacity * sizeof(level));
    }
    memmove(side->levels + at + 1, side->levels + at, (side->count - at) * sizeof(level));
    side->count++;
    side->levels[at] = (level){.price = price};
    return &side->levels[at];
}

static void add(reference_books *books, uint64_t reference, uint16_t locate, uint8_t side,
                uint32_t quantity, uint32_t price) {
    slot *entry = find(books, reference);
    if (entry->order != 0) return;
    uint32_t index = take_order(books);
    *entry = (slot){reference, index};
    level *at = level_for(&books->ladders[locate][side], side, price);
    books->orders[index] = (order){.previous = at->tail, .price = price, .quantity = quantity,
                                   .locate = locate, .side = side};
    if (at->tail != 0) books->orders[at->tail].next = index;
    else at->head = index;
    at->tail = index;
    at->quantity += quantity;
    at->orders++;
}

/* Takes `quantity` off the order, all of it if there is no more. */
static void reduce(reference_books *books, uint64_t reference, uint32_t quantity) {
    slot *entry = find(books, reference);
    if (entry->order == 0) return;
    uint32_t index = entry->order;
    order *o = &books->orders[index];
    ladder *side = &books->ladders[o->locate][o->side];
    uint32_t at = search(side, o->side, o->price) - 1;
    level *l = &side->levels[at];
    if (quantity < o->quantity) {
        o->quantity -= quantity;
        l->quantity -= quantity;
        return;
    }
    l->quantity -= o->quantity;
    l->orders--;
    if (o->previous != 0) books->orders[o->previous].next = o->next;
    else l->head = o->next;
    if (o->next != 0) books->orders[o->next].previous = o->previous;
    else l->tail = o->previous;
    if (l->orders == 0) {
        memmove(side->levels + at, side->levels + at + 1, (side->count - at - 1) * sizeof(level));
        side->count--;
    }
    forget(books, entry);
    o->next = books->free_order;
    books->free_order = index;
}

static void replace(reference_books *books, const uint8_t *m) {
    slot *entry = find(books, load64(m + 11));
    if (entry->order == 0) return;
    order old = books->orders[entry->order];
    reduce(books, load64(m + 11), UINT32_MAX);
    add(books, load64(m + 19), old.locate, old.side, (uint32_t)load32(m + 27),
        (uint32_t)load32(m + 31));
}

void reference_books_apply(reference_books *books, const uint8_t *bytes,
                           const reference_packet *packets, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const uint8_t *block = bytes + packets[i].offset;
        for (uint32_t n = 0; n < packets[i].messages; n++, block += 2 + load16(block)) {
            const uint8_t *m = block + 2;
            switch (m[0]) {
            case 'A':
            case 'F':
                add(books, load64(m + 11), (uint16_t)load16(m + 1), m[19] == 'S',
                    (uint32_t)load32(m + 20), (uint32_t)load32(m + 32));
                break;
            case 'E':
            case 'C':
            case 'X':
                reduce(books, load64(m + 11), (uint32_t)load32(m + 19));
                break;
            case 'D':
                reduce(books, load64(m + 11), UINT32_MAX);
                break;
            case 'U':
                replace(books, m);
                break;
            default:
                break;
            }
        }
    }
}

reference_best reference_books_best(const reference_books *books, uint16_t locate, int side) {
    const ladder *l = &books->ladders[locate][side];
    if (l->count == 0) return (reference_best){0, 0, 0};
    const level *best = &l->levels[l->count - 1];
    return (reference_best){best->price, best->quantity, best->orders};
}
