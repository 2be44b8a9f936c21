/**
 * The grammar of `.smpc` for tree-sitter: what editors colour, fold and select by.
 *
 * It follows the compiler's own grammar (compiler/syntax/src/grammar.lalrpop) and takes every program that the compiler takes; of
 * wrong ones it takes some, because telling what is wrong is the compiler's affair. Words that are keywords only in their place
 * (`from`, `to`, `each`, …) are names everywhere else.
 */

/// <reference types="tree-sitter-cli/dsl" />

const PREC = {
  postfix: 14,
  unary: 13,
  cast: 12,
  product: 11,
  sum: 10,
  shift: 9,
  bitand: 8,
  bitxor: 7,
  bitor: 6,
  compare: 5,
  and: 4,
  or: 3,
  range: 2,
  closure: 1,
};

/** Any number of these with commas between them, and perhaps one after the last. */
const list = (rule) => optional(list1(rule));
const list1 = (rule) => seq(rule, repeat(seq(",", rule)), optional(","));

/** What may stand before an item. */
const head = ($) => [repeat($.attribute), optional("pub")];

/** The types that take arguments behind `as`. */
const CAST_HEADS = ["Dot", "Wide", "fixed", "str"];

const CONTEXTUAL = ["all", "circuit", "each", "from", "party", "public", "test", "to", "type"];

module.exports = grammar({
  name: "smpc",

  word: ($) => $.identifier,

  extras: ($) => [/\s/, $.line_comment, $.block_comment],

  externals: ($) => [$.block_comment],

  supertypes: ($) => [$._expression, $._type, $._pattern, $._item],

  conflicts: ($) => [
    [$._expression, $.struct_expression],
    [$.block, $.struct_expression],
    [$.field_initializer, $.path],
    [$.to],
  ],

  rules: {
    source_file: ($) => repeat($._item),

    _item: ($) =>
      choice(
        $.use_item,
        $.const_item,
        $.struct_item,
        $.enum_item,
        $.function_item,
        $.party_item,
        $.type_item,
        $.test_item,
        $.circuit_item,
      ),

    attribute: ($) => seq("#", "[", field("name", $._name), optional(seq("(", choice(list($._name), $.string), ")")), "]"),

    use_item: ($) => seq(...head($), "use", $._use_tree, ";"),
    _use_tree: ($) =>
      seq(
        $._use_part,
        repeat(seq("::", $._use_part)),
        optional(choice(seq("as", field("alias", $._name)), seq("::", "{", list($.use_name), "}"))),
      ),
    _use_part: ($) => choice($._name, $.crate),
    use_name: ($) => seq(field("name", $._name), optional(seq("as", field("alias", $._name)))),
    crate: () => "crate",

    const_item: ($) => seq(...head($), "const", field("name", $._name), ":", field("type", $._type), "=", field("value", $._expression), ";"),

    struct_item: ($) => seq(...head($), "struct", field("name", $.type_identifier), optional($.generics), "{", list($.field_declaration), "}"),
    field_declaration: ($) => seq(repeat($.attribute), field("name", $._name), ":", field("type", $._type)),

    enum_item: ($) => seq(...head($), "enum", field("name", $.type_identifier), optional($.generics), "{", list($.variant), "}"),
    variant: ($) =>
      seq(
        repeat($.attribute),
        field("name", $.type_identifier),
        optional(choice(seq("(", list($._type), ")"), seq("{", list($.field_declaration), "}"))),
      ),

    function_item: ($) =>
      seq(...head($), "fn", field("name", $._name), optional($.generics), $.parameters, optional($._result), field("body", $.block)),
    parameters: ($) => seq("(", list($.parameter), ")"),
    parameter: ($) => seq(optional("mut"), field("name", $._name), ":", field("type", $._type), optional($.from)),
    from: ($) => seq("from", $._seats),
    to: ($) => seq("to", $._seats, repeat(seq(",", $._seats))),
    _seats: ($) =>
      prec.right(
        choice("all", seq("each", optional(field("role", $._role))), seq(field("role", $._role), optional(seq("[", $._expression, "]")))),
      ),
    _result: ($) => seq("->", choice(seq(field("result", $._type), optional($.to)), $.result_fields)),
    result_fields: ($) => seq("{", list($.result_field), "}"),
    result_field: ($) => prec.right(seq(repeat($.attribute), field("name", $._name), ":", field("type", $._type), optional($.to))),

    party_item: ($) => seq(...head($), "party", field("name", $._role), optional(seq("[", $._index, "]")), ";"),

    type_item: ($) => seq(...head($), "type", field("name", $.type_identifier), optional($.generics), "=", $._type, ";"),

    test_item: ($) =>
      seq(...head($), "test", field("name", $.string), optional(seq("for", choice($._expression, $.range), "parties")), field("body", $.block)),

    circuit_item: ($) =>
      seq(...head($), "circuit", field("name", $._name), ":", "fn", "(", list($._type), ")", "->", $._type, "=", field("file", $.string), ";"),

    generics: ($) => seq("<", list1($.generic), ">"),
    generic: ($) =>
      choice(
        seq(field("name", $.type_identifier), optional(seq(":", $.type_identifier, repeat(seq("+", $.type_identifier))))),
        seq("const", field("name", $.type_identifier), ":", $._type),
      ),

    // Types

    _type: ($) =>
      choice($.type_path, $.secret_type, $.public_type, $.array_type, $.tuple_type, $.function_type, $.ranged_type),
    type_path: ($) => prec.right(seq($.type_identifier, repeat(seq("::", $.type_identifier)), optional($.type_arguments))),
    type_arguments: ($) => seq("<", list1($._type_argument), ">"),
    _type_argument: ($) => choice($._type, $._literal, "_", $.block),
    secret_type: ($) => prec.right(seq("secret", $._type)),
    public_type: ($) => prec.right(seq("public", $._type)),
    array_type: ($) => seq("[", field("element", $._type), ";", field("length", choice($._expression, "_")), "]"),
    tuple_type: ($) => seq("(", list($._type), ")"),
    function_type: ($) => prec.right(seq("fn", "(", list($._type), ")", "->", $._type)),
    ranged_type: ($) => prec.right(1, seq($._type, "in", $._bound, choice("..", "..="), $._bound)),
    _bound: ($) => choice($._literal, $.bound_path, $.bound_unary, $.bound_binary, seq("(", $._expression, ")")),
    bound_path: ($) => seq($.type_identifier, repeat(seq("::", $.type_identifier))),
    bound_unary: ($) => prec(PREC.unary, seq("-", $._bound)),
    bound_binary: ($) =>
      choice(
        prec.left(PREC.sum, seq($._bound, choice("+", "-", "<<"), $._bound)),
        prec.left(PREC.product, seq($._bound, choice("*", "/", "%"), $._bound)),
      ),

    // Statements

    block: ($) => seq("{", repeat($._statement), optional($._last), "}"),
    _last: ($) => choice($._expression, $._simple),
    _statement: ($) =>
      choice(
        $.let_statement,
        $.expression_statement,
        $.for_statement,
        $.while_statement,
        $.loop_statement,
        seq($._simple, ";"),
        $.empty_statement,
      ),
    empty_statement: () => ";",
    let_statement: ($) =>
      seq("let", field("pattern", $._pattern), optional(seq(":", field("type", $._type))), optional(seq("=", field("value", $._expression))), ";"),
    expression_statement: ($) => choice(seq($._expression, ";"), prec(1, $._block_like)),
    for_statement: ($) => seq("for", field("pattern", $._pattern), "in", field("in", choice($._expression, $.range)), field("body", $.block)),
    while_statement: ($) => seq("while", $._condition, field("body", $.block)),
    loop_statement: ($) => seq("loop", field("body", $.block)),
    _condition: ($) => choice(field("condition", $._expression), $.let_condition),
    let_condition: ($) => seq("let", field("pattern", $._alternatives), "=", field("value", $._expression)),
    _simple: ($) => choice($.assignment, $.return_expression, $.break_expression, $.continue_expression),
    assignment: ($) =>
      seq(field("place", $._expression), choice("=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="), field("value", $._expression)),
    return_expression: ($) => seq("return", optional($._expression)),
    break_expression: () => "break",
    continue_expression: () => "continue",

    // Patterns

    _alternatives: ($) => choice($._pattern, $.or_pattern),
    or_pattern: ($) => prec.left(seq(optional("|"), $._pattern, repeat1(seq("|", $._pattern)))),
    _pattern: ($) =>
      choice(
        alias("_", $.wildcard),
        alias("..", $.rest_pattern),
        $.mutable_pattern,
        $.path,
        $.variant_pattern,
        $.struct_pattern,
        $.tuple_pattern,
        $.array_pattern,
        $._literal_pattern,
        $.range_pattern,
      ),
    mutable_pattern: ($) => seq("mut", field("name", $._name)),
    variant_pattern: ($) => seq($.path, "(", list($._alternatives), ")"),
    struct_pattern: ($) => seq($.path, "{", list(choice($.field_pattern, "..")), "}"),
    field_pattern: ($) => seq(optional("mut"), field("name", $._name), optional(seq(":", $._alternatives))),
    tuple_pattern: ($) => seq("(", list($._alternatives), ")"),
    array_pattern: ($) => seq("[", list($._alternatives), "]"),
    _literal_pattern: ($) => choice($._literal, $.negative_literal),
    negative_literal: ($) => seq("-", choice($.integer, $.float)),
    range_pattern: ($) =>
      prec.right(
        1,
        choice(
          seq(choice($._literal_pattern, $.path), choice("..", "..="), optional(choice($._literal_pattern, $.path))),
          seq(choice("..", "..="), choice($._literal_pattern, $.path)),
        ),
      ),

    // Expressions

    _expression: ($) =>
      choice(
        $._literal,
        $.path,
        $._block_like,
        $.struct_expression,
        $.secret_call,
        $.reveal_call,
        $.assert_call,
        $.parenthesized,
        $.tuple,
        $.array,
        $.repeat_array,
        $.field_access,
        $.reveal_method,
        $.index,
        $.call,
        $.generic_call,
        $.unary,
        $.binary,
        $.cast,
        $.closure,
      ),

    _block_like: ($) => choice($.if_expression, $.match_expression, $.block, $.attributed_block),
    attributed_block: ($) => seq(repeat1($.attribute), $.block),
    if_expression: ($) => prec.right(seq("if", $._condition, field("then", $.block), optional(seq("else", choice($.if_expression, $.block))))),
    match_expression: ($) => seq("match", field("value", $._expression), "{", repeat($.arm), optional(alias($._last_arm, $.arm)), "}"),
    _arm_head: ($) => seq(field("pattern", $._alternatives), optional(seq("if", field("guard", $._expression))), "=>"),
    arm: ($) => choice(seq($._arm_head, choice($._expression, $._simple), ","), prec(1, seq($._arm_head, $._block_like, optional(",")))),
    _last_arm: ($) => seq($._arm_head, choice($._expression, $._simple)),

    struct_expression: ($) => seq(optional($.path), "{", list($.field_initializer), "}"),
    field_initializer: ($) => seq(field("name", $._name), optional(seq(":", field("value", $._expression)))),
    secret_call: ($) => seq("secret", "(", $._expression, ")"),
    reveal_call: ($) => seq("reveal", "(", $._expression, ")"),
    assert_call: ($) => seq("assert", "(", $._expression, optional(seq(",", $.string)), optional(","), ")"),
    parenthesized: ($) => seq("(", choice($._expression, $.range), ")"),
    tuple: ($) => choice(seq("(", ")"), seq("(", $._expression, ",", list($._expression), ")")),
    array: ($) => seq("[", list($._expression), "]"),
    repeat_array: ($) => seq("[", $._expression, ";", $._expression, "]"),

    field_access: ($) => prec.left(PREC.postfix, seq($._expression, ".", field("field", choice($._name, $.integer)))),
    reveal_method: ($) => prec.left(PREC.postfix, seq($._expression, ".", "reveal", "(", ")")),
    index: ($) => prec.left(PREC.postfix, seq($._expression, "[", $._index, "]")),
    call: ($) => prec.left(PREC.postfix, seq(field("function", $._expression), $.arguments)),
    generic_call: ($) => prec.left(PREC.postfix, seq($._expression, ".", field("field", $._name), "::", $.type_arguments, $.arguments)),
    arguments: ($) => seq("(", list($._expression), ")"),

    _index: ($) => choice($._expression, $.range),
    range: ($) =>
      prec.left(
        PREC.range,
        choice(
          seq($._expression, choice("..", "..="), $._expression),
          seq($._expression, ".."),
          seq(choice("..", "..="), $._expression),
          "..",
        ),
      ),

    unary: ($) => prec(PREC.unary, seq(choice("-", "!"), $._expression)),
    cast: ($) => prec.left(PREC.cast, seq($._expression, "as", field("type", $.cast_type))),
    // Behind other names `<` compares: `a as u64 < b`.
    cast_type: ($) =>
      choice(
        seq($.type_identifier, repeat(seq("::", $.type_identifier))),
        seq(alias($._cast_head, $.type_identifier), $.type_arguments),
      ),
    _cast_head: ($) => choice(...CAST_HEADS.map((name) => alias(name, $.identifier))),
    binary: ($) =>
      choice(
        ...[
          [PREC.product, choice("*", "/", "%")],
          [PREC.sum, choice("+", "-")],
          [PREC.shift, choice("<<", ">>")],
          [PREC.bitand, "&"],
          [PREC.bitxor, "^"],
          [PREC.bitor, "|"],
          [PREC.compare, choice("==", "!=", "<", "<=", ">", ">=")],
          [PREC.and, "&&"],
          [PREC.or, "||"],
        ].map(([level, operator]) => prec.left(level, seq(field("left", $._expression), field("operator", operator), field("right", $._expression)))),
      ),
    closure: ($) => prec.right(PREC.closure, seq(choice("||", seq("|", list($.closure_parameter), "|")), field("body", $._expression))),
    closure_parameter: ($) => seq($._pattern, optional(seq(":", $._type))),

    path: ($) => prec.right(seq(choice($._name, $.crate), repeat(seq("::", $._name)), optional(seq("::", $.type_arguments)))),

    _literal: ($) => choice($.integer, $.float, $.boolean, $.string),
    boolean: () => choice("true", "false"),
    integer: () => /[0-9][0-9A-Za-z_]*/,
    float: () => token(prec(1, choice(/[0-9][0-9_]*\.[0-9][0-9A-Za-z_]*([eE][+-][0-9_]+)?/, /[0-9][0-9_]*[eE][+-]?[0-9][0-9_]*/))),
    string: () => /"([^"\\\n]|\\.)*"/,

    _name: ($) => choice($.identifier, ...CONTEXTUAL.map((word) => alias(word, $.identifier))),
    _role: ($) => choice($.identifier, ...CONTEXTUAL.filter((word) => word !== "all" && word !== "each").map((word) => alias(word, $.identifier))),
    type_identifier: ($) => $.identifier,
    identifier: () => /[A-Za-z_][A-Za-z0-9_]*/,

    line_comment: () => token(seq("//", /[^\n]*/)),
  },
});
