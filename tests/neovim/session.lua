-- A session in headless Neovim with `smpcc lsp`: what is wrong is shown, names are explained, found, renamed, completed, and texts formatted.
-- Each step waits for what it must bring about; the first that does not ends the session with status 1.

local function fail(what)
  io.stderr:write("neovim: " .. what .. "\n")
  vim.cmd("cquit 1")
end

local function holds(what, condition)
  if not condition then fail(what) end
end

local function waits(what, condition)
  holds(what, vim.wait(20000, condition, 20))
end

local function lines()
  return vim.api.nvim_buf_get_lines(0, 0, -1, false)
end

local ok, problem = pcall(function()
  vim.cmd("edit main.smpc")
  local id = vim.lsp.start_client({ name = "smpcc", cmd = { vim.env.SMPCC, "lsp" }, root_dir = vim.fn.getcwd() })
  vim.lsp.buf_attach_client(0, id)
  local function ask(method, params)
    local answer = vim.lsp.buf_request_sync(0, method, params or vim.lsp.util.make_position_params(), 20000)
    holds(method .. " is answered", answer and answer[id] and not answer[id].err)
    return answer[id].result
  end

  waits("a mistake is shown", function()
    local all = vim.diagnostic.get(0)
    return #all == 1 and all[1].message:find("n", 1, true) and all[1].lnum == 3
  end)
  vim.api.nvim_buf_set_lines(0, 1, 2, false, { "    let mut n: secret u32 = 0;" })
  vim.api.nvim_buf_set_lines(0, 5, 6, false, { "    n + total( salary )" })
  waits("nothing is wrong any more", function() return #vim.diagnostic.get(0) == 0 end)

  vim.api.nvim_win_set_cursor(0, { 3, 8 })
  local hover = ask("textDocument/hover")
  holds("a name is explained", hover.contents.value:find("secret u32", 1, true))
  local places = ask("textDocument/definition")
  holds("a name is found", #places == 1 and places[1].range.start.line == 0)
  local lenses = ask("textDocument/codeLens", { textDocument = vim.lsp.util.make_text_document_params() })
  holds("costs are shown", vim.fn.match(vim.tbl_map(function(l) return l.command.title end, lenses), "rounds") >= 0)

  vim.lsp.buf.rename("pay")
  waits("a name is renamed", function() return lines()[1]:find("pay: secret", 1, true) and lines()[3]:find("pay%[0%]") end)
  vim.lsp.buf.formatting_sync(nil, 20000)
  waits("the text is in the style", function() return lines()[6] == "    n + total(pay)" end)

  vim.lsp.stop_client(id)
  waits("the server ends", function() return not vim.lsp.get_client_by_id(id) end)
end)
if not ok then fail(tostring(problem)) end
vim.cmd("quitall!")
