; What a reader looks for first: what goes in hidden, and what comes out.
(secret_type "secret" @keyword.modifier)
(secret_call "secret" @function.builtin)
(reveal_call "reveal" @keyword.exception)
(reveal_method "reveal" @keyword.exception)
(public_type "public" @keyword.modifier)

[(line_comment) (block_comment)] @comment
((line_comment) @comment.documentation (#match? @comment.documentation "^//[/!]"))

(string) @string
(integer) @number
(float) @number.float
(boolean) @boolean
(negative_literal "-" @operator)

["use" "as"] @keyword.import
["fn"] @keyword.function
["return"] @keyword.return
["if" "else" "match"] @keyword.conditional
["for" "while" "loop" "in" (break_expression) (continue_expression)] @keyword.repeat
["const" "struct" "enum" "let" "type"] @keyword
["pub" "mut"] @keyword.modifier
(party_item "party" @keyword)
(test_item "test" @keyword)
(circuit_item "circuit" @keyword)
(from "from" @keyword)
(to "to" @keyword)
["each" "all"] @keyword
(assert_call "assert" @function.builtin)
(crate) @module

(attribute "#" @attribute name: (identifier) @attribute)

(function_item name: (identifier) @function)
(circuit_item name: (identifier) @function)
(call function: (path (identifier) @function.call .))
(call function: (field_access field: (identifier) @function.method.call))
(generic_call field: (identifier) @function.method.call)

(type_identifier) @type
((type_identifier) @type.builtin
  (#match? @type.builtin "^(bool|usize|f32|f64|date|datetime|fixed|str|[ui][0-9]+)$"))
(struct_item name: (type_identifier) @type.definition)
(enum_item name: (type_identifier) @type.definition)
(type_item name: (type_identifier) @type.definition)
(variant name: (type_identifier) @constant)
(const_item name: (identifier) @constant)

(field_declaration name: (identifier) @property)
(result_field name: (identifier) @property)
(field_initializer name: (identifier) @property)
(field_pattern name: (identifier) @property)
(field_access field: (identifier) @property)
(parameter name: (identifier) @variable.parameter)
(party_item name: (identifier) @type.definition)
(from role: (identifier) @type)
(to role: (identifier) @type)

(binary operator: _ @operator)
(unary ["-" "!"] @operator)
["=" "+=" "-=" "*=" "/=" "%=" "&=" "|=" "^=" "<<=" ">>=" ".." "..="] @operator
["(" ")" "[" "]" "{" "}"] @punctuation.bracket
["," ";" ":" "::" "." "->" "=>"] @punctuation.delimiter
