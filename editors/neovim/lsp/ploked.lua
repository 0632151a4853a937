-- For `vim.lsp.enable('ploked')` (Neovim 0.11 and newer). Without it the plugin attaches to TOML buffers by itself.
return require('ploked.server').lsp_config()
