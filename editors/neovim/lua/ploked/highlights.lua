---Highlight groups. Each links to a standard one by default, so that every colour scheme fits.
local M = {}

local LINKS = {
  PlokedModel = 'Function',
  PlokedId = 'Comment',
  PlokedContext = 'Number',
  PlokedPrice = 'String',
  PlokedTools = 'Type',
  PlokedNoTools = 'Comment',
  PlokedUncertain = 'WarningMsg',
  PlokedProvider = 'Identifier',
  PlokedQuantization = 'Constant',
  PlokedUptime = 'Number',
  PlokedSelected = 'Special',
  PlokedUnselected = 'Comment',
  PlokedExcluded = 'Comment',
  PlokedReason = 'WarningMsg',
  PlokedHeader = 'Title',
  PlokedNote = 'Comment',
  PlokedError = 'ErrorMsg',
  PlokedFreshness = 'Comment',
  PlokedStale = 'WarningMsg',
  PlokedKey = 'Special',
  PlokedBest = 'Special',
  PlokedProblem = 'DiagnosticUnderlineError',
  PlokedMatch = 'Search',
  PlokedFavourite = 'Special',
  PlokedDeviation = 'WarningMsg',
  PlokedGained = 'DiffAdd',
  PlokedLost = 'DiffDelete',
}

---Define the highlight groups; those that the user or a colour scheme has defined stay as they are.
function M.define()
  for name, link in pairs(LINKS) do
    vim.api.nvim_set_hl(0, name, { default = true, link = link })
  end
end

return M
